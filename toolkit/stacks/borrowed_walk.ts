/**
 * The walk of user stacks for programs that are compiled when a tool starts (walk.bpf.c), such as those
 * of trace.
 *
 * @module
 */

import { Bpf, type LoadOptions, type UserSymbols } from "../../mod.ts";
import { borrowFunctions, hearMappings } from "../../plumbing.ts";
import { complain } from "../output/complain.ts";
import { InterpretedNames } from "./interpreted_names.ts";
import { endsText, TABLES_FULL } from "./stack_walk.ts";
import { UnwindTables } from "./unwind_tables.ts";
import object from "./walk.bpf.o.ts";

/** `long walk_into_event(struct stack *stack)`: the stack's bytes; 0 where the kernel is to look itself. */
export const WALK = "walk_into_event";

/** The loaded walk, its tables, and the names of what it finds that is no address. */
export class BorrowedWalk implements Disposable {
  readonly #tool: string;
  readonly #settings: LoadOptions;
  #bpf: Bpf | undefined;
  #tables: UnwindTables | undefined;
  #interpreted: InterpretedNames | undefined;

  /** @param settings of {@linkcode walkSettings} */
  constructor(tool: string, settings: LoadOptions) {
    this.#tool = tool;
    this.#settings = settings;
  }

  /** Loads it, for programs that call it. @throws {BpfError} */
  borrow(): ReturnType<typeof borrowFunctions> {
    const bpf = this.#bpf = Bpf.load(object, { ...this.#settings, name: "walk" });
    this.#tables = new UnwindTables(bpf);
    this.#interpreted = new InterpretedNames(bpf);
    return borrowFunctions(bpf, "walk");
  }

  /** Names of the frames of interpreters; undefined before it is loaded. */
  get interpreted(): InterpretedNames | undefined {
    return this.#interpreted;
  }

  /** Lets it hear of what is mapped; before the symbols follow processes. */
  hear(symbols: UserSymbols): void {
    hearMappings(symbols, (pid, range) => this.#tables?.mapped(pid, range));
  }

  /** Lets the kernel side know how to walk the stacks of some processes, or of all. */
  async follow(pids: readonly number[] | undefined): Promise<void> {
    await this.#tables?.follow(pids, () => complain(this.#tool, TABLES_FULL));
  }

  /** Tells how many stacks were not whole. */
  [Symbol.dispose](): void {
    const ends = this.#bpf && endsText(this.#bpf);
    if (ends) complain(this.#tool, ends.text);
    this.#tables?.[Symbol.dispose]();
    this.#bpf?.close();
  }
}
