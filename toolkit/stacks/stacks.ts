/**
 * Stacks of tools that sum something by stack (stacks.h), with names.
 *
 * @module
 */

import { type Bpf, chars, type Infer, struct, u32, u64, u8, UserSymbols } from "../../mod.ts";
import { hearMappings } from "../../plumbing.ts";
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
/** One group of those that are counted together. */
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

const fullName = (frame: Frame) => frameText(frame, { offset: true, module: true });

/** Reads stacks of a tool that traces, and gives them names. */
export class Stacks implements Disposable {
  readonly #bpf: Bpf;
  readonly #symbols = new UserSymbols();
  readonly #kept: KeptStacks;
  readonly #interpreted: InterpretedNames;
  readonly #tables: UnwindTables | undefined;
  readonly #hasLines: boolean;
  readonly #pids: readonly number[] | undefined;

  /** Follows the processes from now on, and lets only these be traced; frames have lines if that is asked for. */
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

  /** Lets the kernel side of a tool know how to walk the stacks of the processes that there are. */
  async ready(tool: string): Promise<void> {
    await this.#tables?.follow(this.#pids, () => complain(tool, TABLES_FULL));
  }

  /** Lets the kernel side know a program that is about to be run: its first stacks are whole then. */
  expect(program: string): void {
    this.#tables?.expect(program);
  }

  /** What the kernel side has summed. */
  sums(): [StackKey, StackSum][] {
    return [...this.#bpf.map("sums", StackKey, StackSum)];
  }

  /** Takes what was summed in a group out of the kernel side's map; undefined when it is not there. */
  take(key: StackKey): StackSum | undefined {
    return this.#bpf.map("sums", StackKey, StackSum).lookupAndDelete(key);
  }

  /** All that was summed, with names, from the smallest up: as far as no signal ends the report. */
  async read(
    report: Report,
    sums: Iterable<readonly [StackKey, StackSum, Heat?]> = this.sums(),
  ): Promise<StackSample[]> {
    const alike = Map.groupBy(sums, ([{ user, kernel, pid, tid, process, comm }]) => {
      return `${user} ${kernel} ${pid} ${tid} ${process} ${comm}`;
    });
    const samples: StackSample[] = [];
    await report.each([...alike.values()], "stacks", (group) => {
      samples.push(...this.#named(group));
    });
    return samples.sort((a, b) => a.sum - b.sum);
  }

  /** The same addresses in the same process: one stack, where they meant the same at all times. */
  #named(group: readonly (readonly [StackKey, StackSum, Heat?])[]): StackSample[] {
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
    const addresses = entries?.filter((entry) => !isInterpreted(entry)) ?? [];
    const symbols = this.#symbols.resolveStack(process, addresses, time).values();
    const places = this.#hasLines
      ? this.#symbols.sourceFrames(process, addresses, time).values()
      : undefined;
    return entries?.flatMap((address): Frame[] => {
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
