/**
 * Typed trees of C expressions.
 *
 * @module
 */

import type { IntInC, PointerInC, ReadValue, TypeInC } from "./types.ts";

/** Operators that compute a number. */
export type ArithmeticInC = "+" | "-" | "*" | "/" | "%" | "&" | "|" | "^" | "<<" | ">>";

/** Operators that compare. */
export type ComparisonInC = "==" | "!=" | "<" | "<=" | ">" | ">=";

/** An lvalue: memory behind a pointer, or in the context. */
export interface PlaceInC {
  readonly op: "place";
  readonly pointer: Tree;
  /** Byte offset from the pointer. */
  readonly offset: number;
  readonly type: TypeInC;
  /** For a bit-field, its position within the integer of its type at that offset. */
  readonly bits?: { readonly width: number; readonly shift: number };
}

/** An expression. Both operands of a binary operator have been converted to its type. */
export type Tree =
  | PlaceInC
  | { readonly op: "constant"; readonly value: bigint; readonly type: IntInC }
  | {
    readonly op: "variable";
    readonly read: ReadValue;
    readonly type: TypeInC;
    readonly isKernel: boolean;
  }
  /** The context: its members are read in place. */
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
  /** Whether the memory at an address equals a text or bytes. */
  | {
    readonly op: "same";
    readonly known: KnownBytes;
    readonly address: Tree;
    readonly type: IntInC;
  };

/** The second operand of STRCMP. */
export interface KnownBytes {
  readonly bytes: Uint8Array;
  /** Whether only these leading bytes are compared; a text is compared in full. */
  readonly isPrefix: boolean;
}

/** Something unknown to this compiler; `at` is its position in the probe. */
export class NotKnown extends Error {
  readonly at: number;

  constructor(reason: string, at: number) {
    super(reason);
    this.at = at;
  }
}
