/**
 * What is fuzzed: a parser, valid inputs to begin with, and what must hold for any input.
 *
 * @module
 */

/** An input with the parts of it that are worth damaging, if these are few. */
export interface Sample<T> {
  readonly value: T;
  /** Ranges of bytes. */
  readonly hot?: readonly (readonly [start: number, end: number])[];
}

/** One parser of bytes or of text. */
export interface Target<T extends Uint8Array<ArrayBuffer> | string> {
  readonly name: string;
  /** What it reads, for people: `/proc/PID/maps`. */
  readonly what: string;
  /** Valid inputs, and those that were once found to fail. */
  readonly samples: () => readonly Sample<T>[];
  /** Words of the format, which are put into texts. */
  readonly words?: readonly string[];
  /** Reads an input; throws a {@linkcode Broken} when what comes of it cannot be right. */
  readonly run: (input: T) => void;
  /** Whether the parser may answer with this error. Default: never. */
  readonly isRefusal?: (error: unknown) => boolean;
}

/** Any of them. */
export type AnyTarget = Target<Uint8Array<ArrayBuffer>> | Target<string>;

/** Something that holds for every input did not. */
export class Broken extends Error {
  override name = "Broken";
}

/** An input that the parser refused by what it returned. */
export class Refused extends Error {
  override name = "Refused";
}

/** @throws {Broken} unless `holds` */
export function must(holds: boolean, what: string): void {
  if (!holds) throw new Broken(what);
}

/**
 * A sentence of ours: "Cannot …". A RangeError of the runtime, of an offset outside a view or of a stack
 * that is too deep, is none.
 */
export function isOurRange(error: unknown): boolean {
  return error instanceof RangeError && /^Cannot /.test(error.message);
}
