/**
 * A fuzz target: a parser, valid inputs to mutate, and properties that hold for any input.
 *
 * @module
 */

/** A valid input; `hot` has the parts that are worth damaging, if these are few. */
export interface Sample<T> {
  readonly value: T;
  /** Ranges of byte offsets; the end is exclusive. */
  readonly hot?: readonly (readonly [start: number, end: number])[];
}

/** One parser of bytes or of text. */
export interface Target<T extends Uint8Array<ArrayBuffer> | string> {
  readonly name: string;
  /** What the parser reads, as printed for users: `/proc/PID/maps`. */
  readonly what: string;
  /** Valid inputs, and those that were once found to fail. */
  readonly samples: () => readonly Sample<T>[];
  /** Words of the format, which are put into texts. */
  readonly words?: readonly string[];
  /** Parses an input. @throws {Broken} if the result cannot be right */
  readonly run: (input: T) => void;
  /** Whether the parser may answer with this error. Default: never. */
  readonly isRefusal?: (error: unknown) => boolean;
}

/** A target for bytes or for text. */
export type AnyTarget = Target<Uint8Array<ArrayBuffer>> | Target<string>;

/** Thrown when a property that must hold for every input does not. */
export class Broken extends Error {
  override name = "Broken";
}

/** Thrown when the parser refused an input by its return value. */
export class Refused extends Error {
  override name = "Refused";
}

/** @throws {Broken} unless `holds` */
export function must(holds: boolean, what: string): void {
  if (!holds) throw new Broken(what);
}

/**
 * Whether an error is a RangeError of ours, "Cannot …", and not the runtime's for an offset outside a
 * view or for a stack overflow.
 */
export function isOurRange(error: unknown): boolean {
  return error instanceof RangeError && /^Cannot /.test(error.message);
}
