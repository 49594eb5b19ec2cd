/**
 * A program while it is compiled: what all parts of the compiler share.
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

/** What comes from outside of a program's function. */
export interface Outside {
  readonly maps: ReadonlyMap<string, AnyMap>;
  readonly globals: ReadonlyMap<string, GlobalVariable>;
  readonly constants: ReadonlyMap<string, number | bigint | boolean | string>;
  /** Who gives a function of that name. */
  readonly functions: ReadonlyMap<string, SharedFunctions<unknown>>;
  /** The name of the map that holds the globals. */
  readonly section: string;
  /** Calls of `print` in programs that are compiled, by their number. */
  readonly prints: PrintCall[];
  /** Makes the buffer of printed lines; false when another thing has its name. */
  readonly claimPrint: () => boolean;
  /** Makes a map that a word of the language needs; false when another thing has its name. */
  readonly claim: (name: string, map: AnyMap) => boolean;
  /** The methods of maps that programs call, by the map's name. */
  readonly called: Map<string, Set<string>>;
  /** Makes a map that programs use without a definition; undefined where that is not possible. */
  readonly claimMap: ((name: string, map: AnyMap) => void) | undefined;
  /** The only process that programs run in; undefined: all. */
  readonly pid: number | undefined;
}

/** Where `break` and `continue` go. */
export interface Loop {
  readonly label: string | undefined;
  readonly breaks: Block;
  readonly continues: Block | undefined;
}

/** Where `return` goes in a function that is compiled in place of its call. */
export interface Inlined {
  readonly node: Node;
  readonly end: Block;
  result: { readonly reg: Reg; readonly type: Loaded["type"] } | undefined;
  returnsNothing: boolean;
}

/** A variable turned out to need another sign: the program is compiled once more with it. */
export class Again extends Error {}

/** The state of a compilation. */
export class Program {
  readonly builder = new Builder();
  readonly source: Source;
  readonly hook: Hook;
  readonly outside: Outside;
  /** Variables that begin as a plain number and are unsigned because of what is assigned later. */
  readonly unsigned: Set<number>;
  /** Pointers that are known not to be 0 here. */
  known = new Set<Reg>();
  /** Results of helpers that are the same all through the program, where they are at hand. */
  results = new Map<string, Reg>();
  /** Registers of variables, which change. */
  readonly variables = new Set<Reg>();
  /** What variables of loops stay below, or begin with where they count down. */
  readonly bounds = new Map<Reg, number>();
  readonly loops: Loop[] = [];
  readonly inlined: Inlined[] = [];
  /** Expressions that were compiled before their place. */
  readonly early = new Map<Node, Value>();
  /** Globals that are read as they were at the beginning, and those that are written. */
  readonly taken = new Map<string, Node>();
  readonly assigned = new Map<string, Node>();
  /** Functions that it shares with other programs, as far as it uses them. */
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

  /** Where the expression is that is being compiled, for what goes wrong inside of it. */
  place: Pick<Node, "start" | "end"> = { start: 0, end: 0 };

  /** Calls of `print` so far. */
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

  /** What is found out in `write` holds only there. */
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

  /** A helper's result that does not change while the program runs: called once. */
  once(key: string, call: () => Reg): Reg {
    let reg = this.results.get(key);
    if (reg === undefined) {
      this.results.set(key, reg = call());
      this.builder.keep();
    }
    return reg;
  }
}
