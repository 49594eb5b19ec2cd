/**
 * The text of a function that runs in the kernel, and what is wrong with it.
 *
 * @module
 */

import { TsBccError } from "../../../ffi/error/ts_bcc_error.ts";
import type { Node } from "./syntax.ts";

/** Something in a program's text that cannot be compiled; the message shows the place. */
export class KernelCodeError extends TsBccError {
  /** The name of the class. */
  override name = "KernelCodeError";
  /** What went wrong: see {@linkcode ErrorKind}. */
  override get kind(): "compile" {
    return "compile";
  }
  /** The program's name. */
  readonly program: string;
  /** The line in the function's text, counted from 1, and the column, counted from 0. */
  readonly line: number;
  /** The column, counted from 1. */
  readonly column: number;

  /** `problem` is one sentence: what is not possible, and what to write instead. */
  constructor(source: Source, start: number, end: number, problem: string) {
    const { line, column, text } = source.place(start);
    const width = Math.max(1, Math.min(end - start, text.length - column));
    const shown = text.trimStart();
    const indent = text.length - shown.length;
    super(
      `Cannot compile program "${source.name}"${source.where}: ${problem}\n` +
        `  line ${line}: ${shown}\n` +
        `  ${" ".repeat(`line ${line}: `.length + Math.max(0, column - indent))}${
          "^".repeat(width)
        }`,
    );
    this.program = source.name;
    this.line = line;
    this.column = column;
  }
}

/** A function's text. */
export class Source {
  /** The program's name. */
  readonly name: string;
  readonly text: string;
  /** Where it was given to `kernel()`: ` (opens.ts:12)`, or nothing. */
  readonly where: string;
  /** Where the text begins in what the parser read: places count from there. */
  begin = 0;
  readonly #starts: readonly number[];

  constructor(name: string, text: string, file: string | undefined) {
    this.name = name;
    this.text = text;
    this.where = file === undefined ? "" : ` (${file})`;
    this.#starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  }

  /** The line and column of a place, and that line's text. */
  place(offset: number): { line: number; column: number; text: string } {
    const clamped = Math.min(Math.max(offset - this.begin, 0), this.text.length);
    const index = this.#starts.findLastIndex((start) => start <= clamped);
    const end = this.#starts[index + 1];
    const text = this.text.slice(this.#starts[index], end === undefined ? undefined : end - 1);
    return { line: index + 1, column: clamped - this.#starts[index]!, text };
  }

  /** The line a place is in, counted from 0. */
  line(offset: number): number {
    return this.#starts.findLastIndex((start) => start <= offset - this.begin);
  }

  /** A line's text without what surrounds it. */
  lineText(line: number): string {
    return this.place((this.#starts[line] ?? 0) + this.begin).text.trim();
  }

  /** The error for a part of the text. */
  error({ start, end }: Pick<Node, "start" | "end">, problem: string): KernelCodeError {
    return new KernelCodeError(this, start, end, problem);
  }
}

/**
 * The call outside of this folder that is being made: `opens.ts:12`, as far as it can be told. In an
 * executable this folder is in the bundle, a file below `/$bunfs/`.
 */
export function callSite(): string | undefined {
  const frames = (new Error().stack ?? "").split("\n").slice(1);
  const outside = frames.find((frame) =>
    /:\d+:\d+\)?$/.test(frame) && !/\/bpf\/typescript\/|\/kernel\.ts:|\/\$bunfs\//.test(frame)
  );
  const [, path, line] = /([^\s(]+?):(\d+):\d+\)?$/.exec(outside ?? "") ?? [];
  if (path === undefined) return undefined;
  return `${path.slice(path.lastIndexOf("/") + 1)}:${line}`;
}
