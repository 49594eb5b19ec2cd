/**
 * A tool that was started from the page of `ts-bcc web`.
 *
 * @module
 */

import type { ChildProcess } from "node:child_process";
import type { ListedRun } from "../toolkit/web/messages.ts";
import { shownText } from "../toolkit/web/shown.ts";

/** How many characters of a tool's output are kept: the last ones, in UTF-16 code units. */
const MAX_TEXT = 16_384;
const PAGE_LINE = /^[^\n]*: the page is at (http:\S+)\n/m;

/** A tool in a child process. No shell is involved: arguments are passed unchanged. */
export class ToolRun {
  readonly id: number;
  readonly #words: readonly string[];
  readonly #started = Date.now();
  readonly #child: ChildProcess;
  readonly #hasPage: boolean;
  readonly #changed: () => void;
  #url: string | undefined;
  #text = "";
  #isStopping = false;
  #ended: string | undefined;
  /** Resolves when the process has ended. */
  readonly gone: Promise<void>;

  /**
   * Starts the tool.
   *
   * @param own the command that starts ts-bcc
   * @param words the tool's name and its arguments
   * @param hasPage whether to run the tool with `--web`
   * @param changed called when what {@linkcode ToolRun.listed} returns has changed
   */
  constructor(
    id: number,
    own: readonly string[],
    words: readonly [name: string, ...words: string[]],
    hasPage: boolean,
    changed: () => void,
  ) {
    this.id = id;
    this.#words = words;
    this.#hasPage = hasPage;
    this.#changed = changed;
    const { spawn } = process.getBuiltinModule("node:child_process");
    const [program, ...first] = own;
    const [name, ...rest] = words;
    const child = this.#child = spawn(
      program!,
      [...first, name, ...hasPage ? ["--web=0"] : [], ...rest],
      { stdio: ["ignore", "pipe", "pipe"] },
    );
    child.stderr!.setEncoding("utf8").on("data", (text: string) => this.#hear(text));
    child.stdout!.setEncoding("utf8").on("data", (text: string) => {
      if (!hasPage) this.#hear(text);
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.gone = promise;
    const end = (why: string) => {
      if (this.#ended !== undefined) return;
      this.#ended = why;
      this.#changed();
      resolve();
    };
    child.once("error", (error) => end(shownText(error.message)));
    child.once(
      "close",
      (status, signal) => end(signal ?? (status === 0 ? "" : `status ${status}`)),
    );
  }

  /** The URL of the tool's page; undefined before it is served and after the tool has ended. */
  get url(): string | undefined {
    return this.#ended === undefined ? this.#url : undefined;
  }

  /** Whether the process has ended. */
  get hasEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** The run as the page lists it. */
  get listed(): ListedRun {
    const state = this.#ended !== undefined
      ? "ended"
      : this.#isStopping
      ? "stopping"
      : this.#hasPage && this.#url === undefined
      ? "starting"
      : "running";
    return {
      id: this.id,
      words: this.#words.map(shownText),
      started: this.#started,
      state,
      hasPage: this.#url !== undefined,
      ...this.#ended === undefined ? {} : { ended: this.#ended },
      text: this.#text.split("\n").map(shownText).join("\n").trim(),
    };
  }

  /** Interrupts the tool (SIGINT, as Ctrl-C does); the second call kills it. */
  stop(): void {
    if (this.hasEnded) return;
    this.#child.kill(this.#isStopping ? "SIGKILL" : "SIGINT");
    this.#isStopping = true;
    this.#changed();
  }

  kill(): void {
    if (!this.hasEnded) this.#child.kill("SIGKILL");
  }

  #hear(text: string): void {
    this.#text = (this.#text + text).slice(-MAX_TEXT);
    const [line, url] = this.#hasPage && this.#url === undefined && PAGE_LINE.exec(this.#text) ||
      [];
    if (line !== undefined) {
      this.#url = url;
      this.#text = this.#text.replace(line, "");
    }
    this.#changed();
  }
}
