/**
 * The names in scope at a point of a program.
 *
 * @module
 */

import type { Node } from "../language/syntax.ts";
import type { Reg } from "../code/ir.ts";
import type { Scalar } from "../language/types.ts";
import type { Value } from "./values.ts";

/** A mutable number or boolean. */
export interface Variable {
  readonly kind: "variable";
  readonly reg: Reg;
  readonly type: Scalar;
  /** Where it is declared. */
  readonly node: Node;
  /** Whether it began as a plain number: later assignments decide its signedness. */
  readonly isFlexible: boolean;
}

/** A name that is declared further down. */
export interface Later {
  readonly kind: "later";
}

/** What a name stands for. */
export type Binding = Variable | Value | Later;

/** Names by blocks: those of an inner block hide those outside. */
export class Scope {
  readonly #names = new Map<string, Binding>();
  readonly #outer: Scope | undefined;

  constructor(outer?: Scope) {
    this.#outer = outer;
  }

  /** Marks names that are declared further down: until then they cannot be used. */
  reserve(names: Iterable<string>): void {
    for (const name of names) this.#names.set(name, { kind: "later" });
  }

  find(name: string): Binding | undefined {
    return this.#names.get(name) ?? this.#outer?.find(name);
  }

  add(name: string, binding: Binding): void {
    this.#names.set(name, binding);
  }
}
