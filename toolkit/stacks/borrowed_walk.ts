/**
 * The walk of user stacks for programs that are compiled when a tool starts (walk.bpf.c), such as those
 * of trace.
 *
 * @module
 */

import { Bpf, type LoadOptions, type UserSymbols } from "../../mod.ts";
import { borrowFunctions } from "../../plumbing.ts";
import { hearMappings } from "../../unwinding.ts";
import { complain } from "../output/complain.ts";
import { InterpretedNames } from "./interpreted_names.ts";
import { endsText, TABLES_FULL } from "./stack_walk.ts";
import { UnwindTables } from "./unwind_tables.ts";
import object from "./walk.bpf.o.ts";

/**
 * `long walk_into_event(struct stack *stack)`: the stack's bytes; 0 where bpf_get_stack() has to
 * walk, -EBUSY where this CPU runs too many walks.
 */
export const WALK = "walk_into_event";

/**
 * The loaded walk program, its unwind tables, and the names of interpreter frames that it finds.
 */
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

  /** Loads the walk, for programs that call it. @throws {BpfError} */
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

  /** Updates the unwind tables when processes map code. Call it before `symbols.follow()`. */
  hear(symbols: UserSymbols): void {
    hearMappings(symbols, (pid, range) => this.#tables?.mapped(pid, range));
  }

  /** Makes the unwind tables of some processes, or of all. */
  async follow(pids: readonly number[] | undefined): Promise<void> {
    await this.#tables?.follow(pids, () => complain(this.#tool, TABLES_FULL));
  }

  /** Reports how many stacks are incomplete, and releases the tables. */
  [Symbol.dispose](): void {
    const ends = this.#bpf && endsText(this.#bpf);
    if (ends) complain(this.#tool, ends.text);
    this.#tables?.[Symbol.dispose]();
    this.#bpf?.close();
  }
}
