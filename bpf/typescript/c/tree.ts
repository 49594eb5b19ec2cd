/**
 * Expressions of C with their types.
 *
 * @module
 */

import type { IntInC, PointerInC, ReadValue, TypeInC } from "./types.ts";

/** Operators that compute a number. */
export type ArithmeticInC = "+" | "-" | "*" | "/" | "%" | "&" | "|" | "^" | "<<" | ">>";

/** Operators that compare. */
export type ComparisonInC = "==" | "!=" | "<" | "<=" | ">" | ">=";

/** A place in memory that a pointer leads to, or in what a program is given. */
export interface PlaceInC {
  readonly op: "place";
  readonly pointer: Tree;
  /** Bytes behind the pointer. */
  readonly offset: number;
  readonly type: TypeInC;
  /** Of a bit-field, within the integer that is its type, at its offset. */
  readonly bits?: { readonly width: number; readonly shift: number };
}

/** An expression. Both sides of an operator have been converted to the type that it computes in. */
export type Tree =
  | PlaceInC
  | { readonly op: "constant"; readonly value: bigint; readonly type: IntInC }
  | {
    readonly op: "variable";
    readonly read: ReadValue;
    readonly type: TypeInC;
    readonly isKernel: boolean;
  }
  /** What a program is given: its members are read in place. */
  | { readonly op: "context"; readonly type: PointerInC }
  | { readonly op: "negate" | "complement"; readonly of: Tree; readonly type: IntInC }
  | { readonly op: "not"; readonly of: Tree; readonly type: IntInC }
  | {
    readonly op: "arithmetic";
    readonly fn: ArithmeticInC;
    readonly a: Tree;
    readonly b: Tree;
    readonly type: IntInC | PointerInC;
  }
  | {
    readonly op: "compare";
    readonly fn: ComparisonInC;
    readonly a: Tree;
    readonly b: Tree;
    readonly type: IntInC;
  }
  | { readonly op: "and" | "or"; readonly a: Tree; readonly b: Tree; readonly type: IntInC }
  | {
    readonly op: "choose";
    readonly condition: Tree;
    readonly a: Tree;
    readonly b: Tree;
    readonly type: TypeInC;
  }
  | { readonly op: "cast"; readonly of: Tree; readonly type: TypeInC }
  | {
    readonly op: "address";
    readonly of: Tree;
    readonly offset: number;
    readonly type: PointerInC;
  }
  | { readonly op: "swap"; readonly of: Tree; readonly type: IntInC }
  | { readonly op: "helper"; readonly helper: number; readonly type: IntInC }
  /** Whether a text or bytes at an address are these. */
  | {
    readonly op: "same";
    readonly known: KnownBytes;
    readonly address: Tree;
    readonly type: IntInC;
  };

/** What STRCMP compares with. */
export interface KnownBytes {
  readonly bytes: Uint8Array;
  /** Whether they are only the first bytes; a text is equal in all its length. */
  readonly isPrefix: boolean;
}

/** Something that is not known here; `at` is its place in the probe. */
export class NotKnown extends Error {
  readonly at: number;

  constructor(reason: string, at: number) {
    super(reason);
    this.at = at;
  }
}
