/**
 * The tools that were started from the page.
 *
 * @module
 */

import { parseOptions, UsageError } from "../toolkit/options/options.ts";
import { planOf, type Standard } from "../toolkit/run/run.ts";
import { thisMachine } from "../toolkit/machine/machine.ts";
import type { ListedRun } from "../toolkit/web/messages.ts";
import { splitWords } from "../toolkit/web/split_words.ts";
import type { Commands, Tools } from "./names.ts";
import { ToolRun } from "./tool_run.ts";

/** So many run at a time. */
const MAX_RUNNING = 16;
/** So many that have ended are remembered. */
const MAX_ENDED = 24;
const MAX_WORDS = 128;
/** As long may tools take to end when all are ended. */
const PATIENCE_MS = 5000;

/** Starts tools, and ends them with itself. */
export class ToolRuns {
  readonly #tools: Tools;
  readonly #commands: Commands;
  readonly #own: readonly string[];
  readonly #changed: () => void;
  readonly #runs = new Map<number, ToolRun>();
  #last = 0;
  #isClosed = false;

  /** @param own the command that ts-bcc is @param changed called when something is otherwise than before */
  constructor(tools: Tools, commands: Commands, own: readonly string[], changed: () => void) {
    this.#tools = tools;
    this.#commands = commands;
    this.#own = own;
    this.#changed = changed;
  }

  /** All, as they are listed. */
  get listed(): ListedRun[] {
    return [...this.#runs.values()].map(({ listed }) => listed);
  }

  /** One of them. */
  get(id: number): ToolRun | undefined {
    return this.#runs.get(id);
  }

  /** Starts a tool, with what was typed behind its name. @throws {UsageError} with what is wrong with that */
  async start(name: string, line: string): Promise<void> {
    const words = splitWords(line);
    if (typeof words === "string") throw new UsageError(words);
    if (words.length > MAX_WORDS || words.some((word) => word.includes("\0"))) {
      throw new UsageError(`expected at most ${MAX_WORDS} arguments, without NUL`);
    }
    const hasPage = await this.#check(name, words);
    if (this.#isClosed) return;
    const running = [...this.#runs.values()].filter(({ hasEnded }) => !hasEnded);
    if (running.length >= MAX_RUNNING) {
      throw new UsageError(`${MAX_RUNNING} tools run: stop one first`);
    }
    const run = new ToolRun(++this.#last, this.#own, [name, ...words], hasPage, this.#changed);
    this.#runs.set(run.id, run);
    const ended = [...this.#runs.values()].filter(({ hasEnded }) => hasEnded);
    for (const { id } of ended.slice(0, Math.max(ended.length - MAX_ENDED, 0))) {
      this.#runs.delete(id);
    }
    this.#changed();
  }

  /** Stops one; one that has ended is forgotten. */
  stop(id: number): void {
    const run = this.#runs.get(id);
    if (run?.hasEnded) this.#runs.delete(id);
    else run?.stop();
    this.#changed();
  }

  /** Ends all; resolves when they are gone. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const runs = [...this.#runs.values()];
    for (const run of runs) if (run.listed.state !== "stopping") run.stop();
    const timer = setTimeout(() => runs.forEach((run) => run.kill()), PATIENCE_MS);
    await Promise.all(runs.map(({ gone }) => gone));
    clearTimeout(timer);
  }

  /** Whether a call has a page: those that print a text and end have none. @throws {UsageError} */
  async #check(name: string, words: readonly string[]): Promise<boolean> {
    const [toolName, ...given] = Object.hasOwn(this.#commands, name)
      ? this.#commands[name]!
      : [name];
    if (!Object.hasOwn(this.#tools, toolName)) {
      throw new UsageError(`no tool is called ${JSON.stringify(name)}`);
    }
    const { default: tool } = await this.#tools[toolName]!();
    const values = parseOptions(tool.options, [...given, ...words]) as unknown as Standard;
    if (values.exec) {
      throw new UsageError("--exec runs another program: that is for a shell, and not for a page");
    }
    if (values.web !== undefined) {
      throw new UsageError("the page is there already: leave --web out");
    }
    const isText = values.help || values.version || values.jsonSchema || !("web" in tool.options);
    return !isText && !("text" in planOf(tool, values, thisMachine));
  }
}
