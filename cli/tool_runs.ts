/**
 * The tools that were started from the page of `ts-bcc web`.
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

/** How many tools may run at a time. */
const MAX_RUNNING = 16;
/** How many ended tools stay listed; the oldest are forgotten. */
const MAX_ENDED = 24;
const MAX_WORDS = 128;
/** How long close() waits for tools to end before it kills them. */
const PATIENCE_MS = 5000;

/** Starts tools, lists them, and ends them when closed. */
export class ToolRuns {
  readonly #tools: Tools;
  readonly #commands: Commands;
  readonly #own: readonly string[];
  readonly #changed: () => void;
  readonly #runs = new Map<number, ToolRun>();
  #last = 0;
  #isClosed = false;

  /** @param own the command that starts ts-bcc @param changed called when the list has changed */
  constructor(tools: Tools, commands: Commands, own: readonly string[], changed: () => void) {
    this.#tools = tools;
    this.#commands = commands;
    this.#own = own;
    this.#changed = changed;
  }

  /** All runs, as the page lists them. */
  get listed(): ListedRun[] {
    return [...this.#runs.values()].map(({ listed }) => listed);
  }

  get(id: number): ToolRun | undefined {
    return this.#runs.get(id);
  }

  /**
   * Starts a tool.
   *
   * @param line its arguments, as typed on the page
   * @throws {UsageError} if the arguments are wrong
   */
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

  /** Stops a running tool; removes one that has ended from the list. */
  stop(id: number): void {
    const run = this.#runs.get(id);
    if (run?.hasEnded) this.#runs.delete(id);
    else run?.stop();
    this.#changed();
  }

  /** Ends all tools; resolves when their processes have ended. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const runs = [...this.#runs.values()];
    for (const run of runs) if (run.listed.state !== "stopping") run.stop();
    const timer = setTimeout(() => runs.forEach((run) => run.kill()), PATIENCE_MS);
    await Promise.all(runs.map(({ gone }) => gone));
    clearTimeout(timer);
  }

  /**
   * Checks the arguments. Returns whether the tool can serve a page: calls that print a text and
   * end cannot.
   *
   * @throws {UsageError}
   */
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
