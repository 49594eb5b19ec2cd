/**
 * Values during compilation.
 *
 * @module
 */

import type { Base, Operand, Reg } from "../code/ir.ts";
import type { AnyMap } from "../language/maps.ts";
import type { Expression, FunctionNode, ObjectLiteral } from "../language/syntax.ts";
import type { Scalar, Type } from "../language/types.ts";
import type { Builtin } from "../language/builtins.ts";
import type { Scope } from "./scope.ts";

/** A compile-time constant: a number or boolean. */
export interface Constant {
  readonly kind: "constant";
  readonly value: bigint;
  readonly type: "number" | "bigint" | "bool";
}

/** A number or boolean in a register, extended to 64 bits by its signedness. */
export interface InRegister {
  readonly kind: "register";
  readonly reg: Reg;
  readonly type: Scalar;
}

/** How memory is accessed: by plain loads, or through a helper that may fail. */
export type Access = "direct" | "kernel" | "user";

/** A value in memory. */
export interface InMemory {
  readonly kind: "memory";
  readonly base: Base;
  readonly offset: number;
  readonly type: Type;
  readonly access: Access;
  /** Whether programs may write it; if not, the reason. */
  readonly readOnly?: string;
  /** For a bit-field, its width and first bit in the integer at `offset`. */
  readonly bits?: { readonly width: number; readonly shift: number };
}

/** A value that may be missing: then its address is 0. */
export interface Optional {
  readonly kind: "optional";
  readonly pointer: Reg;
  /** For a scalar, its value at the time of the look-up: 0 when missing. */
  readonly value: Reg | undefined;
  readonly type: Type;
  readonly access: Access;
  readonly readOnly?: string;
  /** Whether its value, 0, may be used where it is missing: an element outside of its array. */
  readonly isLenient?: true;
}

/** A text that a helper writes to its destination. */
export interface Made {
  readonly kind: "made";
  readonly type: Type & { readonly kind: "text" };
  /** Whether the helper clears the rest of the buffer. */
  readonly padded: boolean;
  /** Whether its size is only a default, so that it is as long as its destination. */
  readonly flexible?: boolean;
  /** Writes at most `size` bytes. */
  readonly make: (base: Base, offset: number, size: number) => void;
}

/** A number read in several steps, at its use. */
export interface Computed {
  readonly kind: "computed";
  readonly make: () => InRegister;
}

/** A stack: its id, for a user stack with the process and its exec count. */
export interface StackValue {
  readonly kind: "stack";
  /** The struct it is stored as. */
  readonly which: "kernel_stack" | "user_stack";
  readonly parts: readonly Reg[];
}

/** An IP address: bytes in memory, or a number that is stored in network byte order. */
export interface AddressValue {
  readonly kind: "address";
  readonly size: 4 | 16;
  readonly from: InMemory | Operand;
}

/** Everything an expression can evaluate to. */
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
  | {
    readonly kind: "elements";
    readonly what: string;
    readonly elements: readonly Value[];
    /** Whether there may be fewer than these. */
    readonly isOpen?: true;
  }
  | Computed
  | StackValue
  | AddressValue
  | { readonly kind: "unmade"; readonly name: string }
  | { readonly kind: "packet" }
  | { readonly kind: "outside" }
  | { readonly kind: "global"; readonly name: string }
  | { readonly kind: "map"; readonly name: string; readonly definition: AnyMap }
  | { readonly kind: "method"; readonly object: Value; readonly name: string }
  | { readonly kind: "builtin"; readonly builtin: Builtin }
  | { readonly kind: "function"; readonly node: FunctionNode; readonly scope: Scope }
  | {
    readonly kind: "object";
    readonly node: ObjectLiteral;
    readonly scope: Scope;
    /** For an object that is bound to a name, the values of its fields at that time. */
    readonly settled?: ReadonlyMap<Expression, Value>;
  };

/** A scalar as an operation takes it. */
export interface Loaded {
  readonly operand: Operand;
  /** Undefined for a constant: it takes the signedness of the other operand. */
  readonly type: Scalar | undefined;
}

export const UNDEFINED: Value = { kind: "undefined" };
export const VOID: Value = { kind: "void" };

/** A constant number. */
export function constant(value: bigint, type: Constant["type"] = "bigint"): Constant {
  return { kind: "constant", value, type };
}
