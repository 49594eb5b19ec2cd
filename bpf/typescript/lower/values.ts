/**
 * What an expression of the language stands for while it is compiled.
 *
 * @module
 */

import type { Base, Operand, Reg } from "../code/ir.ts";
import type { AnyMap } from "../language/maps.ts";
import type { Expression, FunctionNode, ObjectLiteral } from "../language/syntax.ts";
import type { Scalar, Type } from "../language/types.ts";
import type { Word } from "../language/words.ts";
import type { Scope } from "./scope.ts";

/** A number or boolean that is known when compiling. */
export interface Constant {
  readonly kind: "constant";
  readonly value: bigint;
  readonly type: "number" | "bigint" | "bool";
}

/** A number or boolean in a register, 64 bits extended by its type's sign. */
export interface InRegister {
  readonly kind: "register";
  readonly reg: Reg;
  readonly type: Scalar;
}

/** How memory is read: by plain loads, or through a helper that may fail. */
export type Access = "direct" | "kernel" | "user";

/** A value in memory. */
export interface InMemory {
  readonly kind: "memory";
  readonly base: Base;
  readonly offset: number;
  readonly type: Type;
  readonly access: Access;
  /** Whether programs may write it; a reason why not otherwise. */
  readonly readOnly?: string;
  /** Width in bits and first bit of a bit-field in the integer that `type` and `offset` tell. */
  readonly bits?: { readonly width: number; readonly shift: number };
}

/** What may be missing: its address is 0 then. */
export interface Optional {
  readonly kind: "optional";
  readonly pointer: Reg;
  /** The value when it was looked up, of a scalar: 0 when it is missing. */
  readonly value: Reg | undefined;
  readonly type: Type;
  readonly access: Access;
  readonly readOnly?: string;
}

/** A text that a helper writes where it is wanted. */
export interface Made {
  readonly kind: "made";
  readonly type: Type & { readonly kind: "text" };
  /** Whether it fills what the text leaves with zeros. */
  readonly padded: boolean;
  /** Whether its size is only a default, and as much is written as there is room for. */
  readonly flexible?: boolean;
  /** Writes at most `size` bytes. */
  readonly make: (base: Base, offset: number, size: number) => void;
}

/** A number that is read in several steps, where it is used. */
export interface Computed {
  readonly kind: "computed";
  readonly make: () => InRegister;
}

/** A stack: its number, and of a process's the process and its program. */
export interface StackValue {
  readonly kind: "stack";
  /** The struct it is stored as. */
  readonly which: "kernel_stack" | "user_stack";
  readonly parts: readonly Reg[];
}

/** An IP address: bytes in memory, or a number that the network's order makes bytes of. */
export interface AddressValue {
  readonly kind: "address";
  readonly size: 4 | 16;
  readonly from: InMemory | Operand;
}

/** Everything an expression can be. */
export type Value =
  | Constant
  | InRegister
  | InMemory
  | Optional
  | Made
  | { readonly kind: "string"; readonly text: string }
  | { readonly kind: "undefined" }
  | { readonly kind: "void" }
  | { readonly kind: "fields"; readonly what: string; readonly fields: ReadonlyMap<string, Value> }
  | { readonly kind: "elements"; readonly what: string; readonly elements: readonly Value[] }
  | Computed
  | StackValue
  | AddressValue
  | { readonly kind: "unmade"; readonly name: string }
  | { readonly kind: "packet" }
  | { readonly kind: "outside" }
  | { readonly kind: "global"; readonly name: string }
  | { readonly kind: "map"; readonly name: string; readonly definition: AnyMap }
  | { readonly kind: "method"; readonly object: Value; readonly name: string }
  | { readonly kind: "word"; readonly word: Word }
  | { readonly kind: "function"; readonly node: FunctionNode; readonly scope: Scope }
  | {
    readonly kind: "object";
    readonly node: ObjectLiteral;
    readonly scope: Scope;
    /** Of an object that has a name, what its fields were when it got it. */
    readonly settled?: ReadonlyMap<Expression, Value>;
  };

/** A scalar as an operation takes it. */
export interface Loaded {
  readonly operand: Operand;
  /** Of a constant number undefined: it takes the sign of what it meets. */
  readonly type: Scalar | undefined;
}

export const UNDEFINED: Value = { kind: "undefined" };
export const VOID: Value = { kind: "void" };

/** A constant number. */
export function constant(value: bigint, type: Constant["type"] = "bigint"): Constant {
  return { kind: "constant", value, type };
}
