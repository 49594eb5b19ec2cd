/**
 * Stacks of tools that sum something by stack (stacks.h), with names.
 *
 * @module
 */

import { type Bpf, chars, type Infer, struct, u32, u64, u8, UserSymbols } from "../../mod.ts";
import { hearMappings } from "../../unwinding.ts";
import { complain } from "../output/complain.ts";
import type { Report } from "../output/report.ts";
import { type Frame, frameText, KeptStacks } from "./kept_stacks.ts";
import { InterpretedNames, isInterpreted } from "./interpreted_names.ts";
import type { Targets } from "./stack_options.ts";
import { TABLES_FULL, walkTables } from "./stack_walk.ts";
import type { UnwindTables } from "./unwind_tables.ts";

export { type Frame, frameName, frameText, TRACING } from "./kept_stacks.ts";

/** struct stack_key of stacks.h. */
export const StackKey = struct("stack_key", {
  user: u64,
  kernel: u64,
  pid: u32,
  tid: u32,
  process: u32,
  image: u32,
  comm: chars(16),
});
/** What is summed together: one pair of stacks in one process or thread. */
export type StackKey = Infer<typeof StackKey>;

const StackSum = struct("stack_sum", {
  sum: u64.asNumber,
  count: u64.asNumber,
  first: u64.asNumber,
});
/** What was summed in a group. */
export type StackSum = Infer<typeof StackSum>;
/** Samples by slice of time (heat.ts). */
export type Heat = ReadonlyMap<number, number>;

/** What was summed on one pair of stacks by one process or thread. */
export interface StackSample {
  readonly pid: number;
  readonly tid: number;
  readonly comm: string;
  readonly sum: number;
  readonly count: number;
  /** Innermost first; empty where there is none, undefined where the kernel could not keep it. */
  readonly user: readonly Frame[] | undefined;
  readonly kernel: readonly Frame[] | undefined;
  /** When its samples came, if that was asked for. */
  readonly heat?: Heat;
}

/** Sums of the same addresses in the same process. */
type Alike = readonly (readonly [StackKey, StackSum, Heat?])[];

function alike(sums: Iterable<readonly [StackKey, StackSum, Heat?]>): Alike[] {
  const groups = Map.groupBy(sums, ([{ user, kernel, pid, tid, process, comm }]) => {
    return `${user} ${kernel} ${pid} ${tid} ${process} ${comm}`;
  });
  return [...groups.values()];
}

const fullName = (frame: Frame) => frameText(frame, { offset: true, module: true });

/** Reads the stacks that a tool's programs summed, and symbolizes them. */
export class Stacks implements Disposable {
  readonly #bpf: Bpf;
  readonly #symbols = new UserSymbols();
  readonly #kept: KeptStacks;
  readonly #interpreted: InterpretedNames;
  readonly #tables: UnwindTables | undefined;
  readonly #hasLines: boolean;
  readonly #pids: readonly number[] | undefined;

  /**
   * Follows the processes from now on, and restricts tracing to them.
   * @param hasLines whether frames have source lines
   */
  constructor(bpf: Bpf, { pids, tids }: Targets, hasLines = false) {
    this.#hasLines = hasLines;
    this.#bpf = bpf;
    this.#kept = new KeptStacks(bpf);
    this.#interpreted = new InterpretedNames(bpf);
    this.#tables = walkTables(bpf);
    this.#pids = pids;
    const tables = this.#tables;
    if (tables) hearMappings(this.#symbols, (pid, range) => tables.mapped(pid, range));
    const targets = bpf.map("targets", u32, u8);
    for (const id of pids ?? tids ?? []) targets.set(id, 1);
    this.#symbols.follow({
      pids,
      wanted: () => new Set(this.sums().map(([{ process }]) => process)),
    });
  }

  /** Makes the unwind tables of the processes that run now. */
  async ready(tool: string): Promise<void> {
    await this.#tables?.follow(this.#pids, () => complain(tool, TABLES_FULL));
  }

  /**
   * Makes the unwind tables of a program that is about to be run, so that its first stacks are
   * complete.
   */
  expect(program: string): void {
    this.#tables?.expect(program);
  }

  /** What the kernel side has summed. */
  sums(): [StackKey, StackSum][] {
    return [...this.#bpf.map("sums", StackKey, StackSum)];
  }

  /**
   * Removes a group's sum from the kernel side's map and returns it; undefined if there is none.
   */
  take(key: StackKey): StackSum | undefined {
    return this.#bpf.map("sums", StackKey, StackSum).lookupAndDelete(key);
  }

  /** All sums, symbolized, from the smallest up; fewer if a signal ends the report early. */
  async read(
    report: Report,
    sums: Iterable<readonly [StackKey, StackSum, Heat?]> = this.sums(),
  ): Promise<StackSample[]> {
    const samples: StackSample[] = [];
    await report.each(alike(sums), "stacks", (group) => {
      samples.push(...this.#named(group));
    });
    return samples.sort((a, b) => a.sum - b.sum);
  }

  /**
   * The same for sums that are printed one after the other: none is symbolized before its turn, so that the frames of
   * all of them are not in memory at once.
   */
  async each(
    report: Report,
    sums: Iterable<readonly [StackKey, StackSum, Heat?]>,
    take: (sample: StackSample) => void,
  ): Promise<void> {
    const turns = alike(sums).flatMap((group) => {
      if (group.length === 1) {
        return [{
          sum: group[0]![1].sum,
          named: () => this.#named(group)[0]!,
        }];
      }
      // How many stacks these are, names tell.
      return this.#named(group).map((sample) => ({ sum: sample.sum, named: () => sample }));
    });
    turns.sort((a, b) => a.sum - b.sum);
    await report.each(turns, "stacks", (turn) => take(turn.named()));
  }

  /**
   * Samples with the same addresses in the same process: one stack, unless the addresses had other
   * symbols at other times.
   */
  #named(group: Alike): StackSample[] {
    const samples = group.map(([key, { sum, count, first }, heat]) => ({
      pid: key.pid,
      tid: key.tid,
      comm: key.comm,
      sum,
      count,
      user: this.#user(key, first),
      kernel: this.#kept.kernel(key.kernel),
      ...heat && { heat },
    }));
    if (samples.length === 1) return samples;
    const names = ({ user }: StackSample) => user?.map(fullName).join("\n");
    return [...Map.groupBy(samples, names).values()].map((same) => ({
      ...same[0]!,
      sum: same.reduce((all, { sum }) => all + sum, 0),
      count: same.reduce((all, { count }) => all + count, 0),
      ...same[0]!.heat && { heat: addedHeat(same.map(({ heat }) => heat)) },
    }));
  }

  [Symbol.dispose](): void {
    this.#tables?.[Symbol.dispose]();
    this.#symbols.close();
  }

  #user({ user, process }: StackKey, time: number): Frame[] | undefined {
    const entries = this.#kept.addresses(user);
    if (!entries) return undefined;
    const isNative = !this.#hasLines && !entries.some(isInterpreted);
    if (isNative) {
      const symbols = this.#symbols.resolveStack(process, entries, time);
      return entries.map((address, i) => ({ address, kernel: false, symbol: symbols[i] }));
    }
    const addresses = entries.filter((entry) => !isInterpreted(entry));
    const symbols = this.#symbols.resolveStack(process, addresses, time).values();
    const places = this.#hasLines
      ? this.#symbols.sourceFrames(process, addresses, time).values()
      : undefined;
    return entries.flatMap((address): Frame[] => {
      if (isInterpreted(address)) {
        const symbol = this.#interpreted.resolve(process, address);
        return [{ address, kernel: false, symbol, isInterpreted: true }];
      }
      const frame = { address, kernel: false, symbol: symbols.next().value };
      return (places?.next().value ?? [undefined]).map((place) => {
        if (place?.inlined === undefined) return { ...frame, line: place?.line };
        const symbol = { name: place.inlined, offset: 0, module: frame.symbol?.module };
        return { ...frame, symbol, line: place.line, isInlined: true };
      });
    });
  }
}

/** Heat of several stacks as one. */
export function addedHeat(all: readonly (Heat | undefined)[]): Map<number, number> {
  const sum = new Map<number, number>();
  for (const heat of all) {
    for (const [slice, count] of heat ?? []) sum.set(slice, (sum.get(slice) ?? 0) + count);
  }
  return sum;
}
