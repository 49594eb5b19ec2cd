/**
 * The text of a function that runs in the kernel, and errors in it.
 *
 * @module
 */

import { fileURLToPath } from "node:url";
import { TsBccError } from "../../../ffi/error/ts_bcc_error.ts";
import { type Origin, originOf, type Site, siteOf } from "../origin/origin.ts";
import type { Node } from "./syntax.ts";

/** An error in a program's text; the message shows the location. */
export class KernelCodeError extends TsBccError {
  /** The name of the class. */
  override name = "KernelCodeError";
  /** What went wrong: see {@linkcode ErrorKind}. */
  override get kind(): "compile" {
    return "compile";
  }
  /** The program's name. */
  readonly program: string;
  /** The file that the line is in; undefined if only the function's text is known, as the runtime has it. */
  readonly file: string | undefined;
  /** The line in the file, or in the function's text, counted from 1. */
  readonly line: number;
  /** The column, counted from 1. */
  readonly column: number;

  /** `problem` is one sentence: what is impossible, and what to write instead. */
  constructor(source: Source, start: number, end: number, problem: string, program = source.name) {
    const { file, line, column, text, width, where } = source.location(start, end);
    const shown = text.trimStart();
    const indent = text.length - shown.length;
    const head = `line ${line}${file === undefined && source.isOfFile ? " of the function" : ""}: `;
    // Tabs stay tabs, so that the carets are below the columns that they mark.
    const before = shown.slice(0, Math.max(0, column - 1 - indent)).replace(/[^\t]/g, " ");
    super(
      `Cannot compile program "${program}"${where}: ${problem}\n` +
        `  ${head}${shown}\n` +
        `  ${" ".repeat(head.length)}${before}${"^".repeat(width)}`,
    );
    this.program = program;
    this.file = file;
    this.line = line;
    this.column = column;
  }
}

/** A location in source text, to show in a message. */
export interface SourceLocation {
  /** The file; undefined where only the function's text is known. */
  readonly file: string | undefined;
  /** Counted from 1. */
  readonly line: number;
  /** Counted from 1. */
  readonly column: number;
  /** The line's text. */
  readonly text: string;
  /** The number of columns to mark in that line. */
  readonly width: number;
  /** ` (opens.ts:12:3)`, or where the function was given to its hook, or nothing. */
  readonly where: string;
}

/** Positions of shared functions start here: after those of any program. */
const SHARED_BEGIN = 1 << 26;
const SHARED = { begin: SHARED_BEGIN, line: 1 << 20 };

/** A line of a program, or of a function that it shares with others. */
export interface Line {
  /** Its text, trimmed. */
  readonly text: string;
  /** Counted from 1, in that function's text. */
  readonly number: number;
  /** That function. */
  readonly source: Source;
}

/** A function's text. */
export class Source {
  /** The program's name. */
  readonly name: string;
  readonly text: string;
  /** Where it was given to its hook: ` (opens.ts:12)`, or nothing. */
  readonly where: string;
  readonly #site: Site | undefined;
  readonly #functionName: string;
  #origin: { readonly found: Origin | undefined } | undefined;
  /** Where the text begins in what the parser read: positions are relative to that. */
  begin = 0;
  /** The number of its first line: programs count from 0, shared functions from an offset. */
  #firstLine = 0;
  /** The texts of shared functions that the program is compiled with. */
  readonly #shared = new Set<Source>();
  readonly #starts: readonly number[];

  /**
   * @param site where it was given to its hook, `/home/me/opens.ts:12:3`, or another name of its origin
   * @param functionName its own name, if it has one
   */
  constructor(name: string, text: string, site: string | undefined, functionName = "") {
    this.name = name;
    this.text = text;
    this.#functionName = functionName;
    this.#site = site === undefined ? undefined : siteOf(site);
    const shown = this.#site ? `${baseName(this.#site.path)}:${this.#site.line}` : site;
    this.where = shown === undefined ? "" : ` (${shown})`;
    this.#starts = lineStarts(text);
  }

  /** Whether it was written in a file, so that its lines are not those that the author counts. */
  get isOfFile(): boolean {
    return this.#site !== undefined;
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

  /** Adds the text of shared functions, which {@linkcode Source.moveBehind} has moved. */
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

  /** The line of a position in the text, counted from 0. */
  #indexOf(offset: number): number {
    return lineIndex(this.#starts, offset);
  }

  /** Reads the file that it was written in, once an error is to be shown. */
  #written(): { readonly site: Site; readonly origin: Origin } | undefined {
    const site = this.#site;
    if (!site) return undefined;
    this.#origin ??= { found: originOf(this.text, this.#functionName, site) };
    const { found } = this.#origin;
    return found && { site, origin: found };
  }

  /** The location to show for a part of the text: in the file if that is known. */
  location(start: number, end: number): SourceLocation {
    const [from, to] = [start, end].map((each) =>
      Math.min(Math.max(each - this.begin, 0), this.text.length)
    ) as [number, number];
    const written = this.#written();
    if (!written) {
      const location = locationIn(this.text, this.#starts, from, to);
      return { ...location, file: undefined, where: this.where };
    }
    const { site: { path }, origin } = written;
    const span = origin.of({ start: from, end: to });
    const location = locationIn(origin.text, lineStarts(origin.text), span.start, span.end);
    const where = ` (${baseName(path)}:${location.line}:${location.column})`;
    return { ...location, file: path, where };
  }

  /** The number of the line that a position is in. */
  line(offset: number): number {
    const source = this.#at(offset);
    return source.#firstLine + source.#indexOf(offset - source.begin);
  }

  /** A line by its number. */
  lineAt(line: number): Line {
    for (const each of [this, ...this.#shared]) {
      const index = line - each.#firstLine;
      if (index < 0 || index >= each.#starts.length) continue;
      const [start, end] = [each.#starts[index]!, each.#starts[index + 1] ?? Infinity];
      return { text: each.text.slice(start, end).trim(), number: index + 1, source: each };
    }
    return { text: "", number: 1, source: this };
  }

  /** The location to show for a line of {@linkcode lineAt}. */
  locationOf(number: number): SourceLocation {
    const start = this.#starts[number - 1] ?? 0;
    const text = this.text.slice(start, this.#starts[number]);
    const begin = start + this.begin + text.length - text.trimStart().length;
    return this.location(begin, begin + Math.max(1, text.trim().length));
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

const baseName = (path: string) => path.slice(path.lastIndexOf("/") + 1);

const lineStarts = (text: string) => [
  0,
  ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1),
];

/** The index of the line that an offset is in. */
function lineIndex(starts: readonly number[], offset: number): number {
  // Called for each node: a binary search, without a callback.
  let [low, high] = [0, starts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (starts[middle]! <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

function locationIn(
  all: string,
  starts: readonly number[],
  start: number,
  end: number,
): Pick<SourceLocation, "line" | "column" | "text" | "width"> {
  const index = lineIndex(starts, start);
  const text = all.slice(starts[index], starts[index + 1]).replace(/\r?\n$/, "");
  const column = start - starts[index]!;
  const width = Math.max(1, Math.min(end - start, text.length - column));
  return { line: index + 1, column: column + 1, text, width };
}

/**
 * The paths, in stack frames, of the files of this folder and of kernel.ts, which exports its
 * functions.
 */
const OURS = ownPaths(import.meta.url);

function ownPaths(url: string): string[] {
  const root = /^(.*\/)bpf\/typescript\/language\/source\.ts$/.exec(url)?.[1];
  // In an executable all of it is in the bundle.
  if (root === undefined) return ["/$bunfs/"];
  const roots = root.startsWith("file://") ? [root, fileURLToPath(root)] : [root];
  return roots.flatMap((each) => [`${each}bpf/typescript/`, `${each}kernel.ts:`]);
}

/** The caller outside this folder: `/home/me/opens.ts:12:3`, if known. */
export function callSite(): string | undefined {
  const frames = (new Error().stack ?? "").split("\n").slice(1);
  const outside = frames.find((frame) =>
    /:\d+:\d+\)?$/.test(frame) && !OURS.some((path) => frame.includes(path))
  );
  return /(?:^|[(\s])((?:[a-z+]+:\/\/|\/).*:\d+:\d+)\)?$/.exec(outside ?? "")?.[1];
}
