/**
 * The text of a function that runs in the kernel, and errors in it.
 *
 * @module
 */

import { TsBccError } from "../../../ffi/error/ts_bcc_error.ts";
import type { Node } from "./syntax.ts";

/** An error in a program's text; the message shows the place. */
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

  /** `problem` is one sentence: what is impossible, and what to write instead. */
  constructor(source: Source, start: number, end: number, problem: string, program = source.name) {
    const { line, column, text } = source.place(start);
    const width = Math.max(1, Math.min(end - start, text.length - column));
    const shown = text.trimStart();
    const indent = text.length - shown.length;
    super(
      `Cannot compile program "${program}"${source.where}: ${problem}\n` +
        `  line ${line}: ${shown}\n` +
        `  ${" ".repeat(`line ${line}: `.length + Math.max(0, column - indent))}${
          "^".repeat(width)
        }`,
    );
    this.program = program;
    this.line = line;
    this.column = column;
  }
}

/** Positions of shared functions start here: after those of any program. */
const SHARED_BEGIN = 1 << 26;
const SHARED = { begin: SHARED_BEGIN, line: 1 << 20 };

/** A line of a program, or of a function that it shares with others. */
export interface Line {
  /** Its text, without what surrounds it. */
  readonly text: string;
  /** Counted from 1, in that function's text. */
  readonly number: number;
  /** Where that function was given: ` (opens.ts:12)`, or nothing. */
  readonly where: string;
}

/** A function's text. */
export class Source {
  /** The program's name. */
  readonly name: string;
  readonly text: string;
  /** Where it was given to `kernel()`: ` (opens.ts:12)`, or nothing. */
  readonly where: string;
  /** Where the text begins in what the parser read: positions are relative to that. */
  begin = 0;
  /** The number of its first line: programs count from 0, shared functions from an offset. */
  #firstLine = 0;
  /** What the program shares with others and is compiled with. */
  readonly #shared = new Set<Source>();
  readonly #starts: readonly number[];

  constructor(name: string, text: string, file: string | undefined) {
    this.name = name;
    this.text = text;
    this.where = file === undefined ? "" : ` (${file})`;
    this.#starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  }

  /** Moves its positions and lines to an unused range; returns the offset. */
  moveBehind(): number {
    const by = SHARED.begin;
    this.begin += by;
    this.#firstLine = SHARED.line;
    SHARED.begin += this.text.length + 8;
    SHARED.line += this.#starts.length;
    return by;
  }

  /** Programs are compiled with a text that they share, which was moved. */
  add(shared: Source): void {
    this.#shared.add(shared);
  }

  /** The text that a position belongs to. */
  #at(offset: number): Source {
    if (offset < SHARED_BEGIN) return this;
    for (const each of this.#shared) {
      if (offset >= each.begin - 2 && offset <= each.begin + each.text.length) return each;
    }
    return this;
  }

  /** The line of a place in the text, counted from 0. */
  #indexOf(offset: number): number {
    // Called for each node: a binary search, without a callback.
    let [low, high] = [0, this.#starts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle]! <= offset) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The line and column of a place, and that line's text. */
  place(offset: number): { line: number; column: number; text: string } {
    const clamped = Math.min(Math.max(offset - this.begin, 0), this.text.length);
    const index = this.#indexOf(clamped);
    const end = this.#starts[index + 1];
    const text = this.text.slice(this.#starts[index], end === undefined ? undefined : end - 1);
    return { line: index + 1, column: clamped - this.#starts[index]!, text };
  }

  /** The number of the line that a place is in. */
  line(offset: number): number {
    const source = this.#at(offset);
    return source.#firstLine + source.#indexOf(offset - source.begin);
  }

  /** A line by its number. */
  lineAt(line: number): Line {
    for (const each of [this, ...this.#shared]) {
      const index = line - each.#firstLine;
      if (index < 0 || index >= each.#starts.length) continue;
      const text = each.place(each.#starts[index]! + each.begin).text.trim();
      return { text, number: index + 1, where: each.where };
    }
    return { text: "", number: 1, where: this.where };
  }

  /** All lines. */
  *lines(): Generator<Line> {
    for (const each of [this, ...this.#shared]) {
      for (const index of each.#starts.keys()) yield each.lineAt(each.#firstLine + index);
    }
  }

  /** The error for a part of the text. */
  error({ start, end }: Pick<Node, "start" | "end">, problem: string): KernelCodeError {
    return new KernelCodeError(this.#at(start), start, end, problem, this.name);
  }
}

/**
 * The caller outside this folder: `opens.ts:12`, if known. In an executable this folder is in the
 * bundle, a file below `/$bunfs/`.
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
