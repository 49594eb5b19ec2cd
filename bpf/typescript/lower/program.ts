/**
 * The state of a compilation, which all parts of the compiler share.
 *
 * @module
 */

import type { Block, Reg } from "../code/ir.ts";
import type { Hook } from "../language/hooks.ts";
import type { AnyMap } from "../language/maps.ts";
import type { PrintCall } from "../language/prints.ts";
import type { SharedFunctions } from "../language/shared_functions.ts";
import type { Source } from "../language/source.ts";
import type { Node } from "../language/syntax.ts";
import type { Type } from "../language/types.ts";
import { Builder } from "./builder.ts";
import type { Loaded, Value } from "./values.ts";

/** A variable that programs and user space share. */
export interface GlobalVariable {
  readonly offset: number;
  readonly type: Type;
}

/** A program's environment outside its function. */
export interface Outside {
  readonly maps: ReadonlyMap<string, AnyMap>;
  readonly globals: ReadonlyMap<string, GlobalVariable>;
  readonly constants: ReadonlyMap<string, number | bigint | boolean | string>;
  /** The provider of a function by name. */
  readonly functions: ReadonlyMap<string, SharedFunctions<unknown>>;
  /** The name of the map that holds the globals. */
  readonly section: string;
  /** All calls of `print` in these programs, by number. */
  readonly prints: PrintCall[];
  /** Creates the buffer of printed lines; false if its name is taken. */
  readonly claimPrint: () => boolean;
  /** Creates a map that a built-in function needs; false if its name is taken. */
  readonly claim: (name: string, map: AnyMap) => boolean;
  /** The methods of maps that programs call, by the map's name. */
  readonly called: Map<string, Set<string>>;
  /** Creates a map that is used without being defined; undefined where that is impossible. */
  readonly claimMap: ((name: string, map: AnyMap) => void) | undefined;
  /** The only process to run in; undefined: all. */
  readonly pid: number | undefined;
}

/** Jump targets of `break` and `continue`. */
export interface Loop {
  readonly label: string | undefined;
  readonly breaks: Block;
  readonly continues: Block | undefined;
}

/** The jump target of `return` in an inlined function. */
export interface Inlined {
  readonly node: Node;
  readonly end: Block;
  result: { readonly reg: Reg; readonly type: Loaded["type"] } | undefined;
  returnsNothing: boolean;
}

/**
 * Thrown when a variable turns out to need the other signedness: the program is compiled again with
 * it.
 */
export class Again extends Error {}

/** The state of a compilation. */
export class Program {
  readonly builder = new Builder();
  readonly source: Source;
  readonly hook: Hook;
  readonly outside: Outside;
  /** Variables that begin as a plain number and are unsigned because of later assignments. */
  readonly unsigned: Set<number>;
  /** Pointers known to be non-null here. */
  known = new Set<Reg>();
  /** Results of helpers that are constant during a run, where they dominate the current code. */
  results = new Map<string, Reg>();
  /** Registers of mutable variables. */
  readonly variables = new Set<Reg>();
  /** Bounds of loop variables: upper bounds, or start values when counting down. */
  readonly bounds = new Map<Reg, number>();
  readonly loops: Loop[] = [];
  readonly inlined: Inlined[] = [];
  /** Expressions that were compiled early. */
  readonly early = new Map<Node, Value>();
  /** Globals that are read as of the program's start, and those that are written. */
  readonly taken = new Map<string, Node>();
  readonly assigned = new Map<string, Node>();
  /** Shared functions used by the program. */
  readonly shared = new Map<SharedFunctions<unknown>, ReadonlyMap<string, Value>>();
  readonly context: Reg;

  constructor(source: Source, hook: Hook, outside: Outside, unsigned: Set<number>) {
    this.source = source;
    this.hook = hook;
    this.outside = outside;
    this.unsigned = unsigned;
    this.context = this.builder.context();
    this.builder.keep();
  }

  /** The expression being compiled, for errors inside of it. */
  place: Pick<Node, "start" | "end"> = { start: 0, end: 0 };

  /** The number of calls of `print` so far. */
  readonly prints: PrintCall[] = [];

  /** Notes a call of `print`; returns its number. */
  addPrint(call: PrintCall, node: Node): number {
    if (!this.outside.claimPrint()) {
      throw this.error(node, "print() needs the name print for its buffer: call yours otherwise");
    }
    return this.outside.prints.length + this.prints.push(call) - 1;
  }

  error(node: Pick<Node, "start" | "end">, problem: string): Error {
    return this.source.error(node, problem);
  }

  /** Runs `write`; what it adds to `known` and `results` is dropped afterwards. */
  apart<T>(write: () => T): T {
    const [known, results] = [this.known, this.results];
    this.known = new Set(known);
    this.results = new Map(results);
    try {
      return write();
    } finally {
      this.known = known;
      this.results = results;
    }
  }

  /** The result of a helper that is constant during a run: called once. */
  once(key: string, call: () => Reg): Reg {
    let reg = this.results.get(key);
    if (reg === undefined) {
      this.results.set(key, reg = call());
      this.builder.keep();
    }
    return reg;
  }
}
