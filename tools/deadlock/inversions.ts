/**
 * Finds lock order inversions in the edges that the kernel side recorded, and reports one.
 *
 * @module
 */

import {
  type Bpf,
  chars,
  formatSymbol,
  type Infer,
  type MappedFile,
  mappedFiles,
  struct,
  u32,
  u64,
  UserSymbols,
} from "../../mod.ts";
import type { Report } from "../../toolkit/output/report.ts";
import { KeptStacks, missedStack } from "../../toolkit/stacks/kept_stacks.ts";
import { LockGraph } from "./lock_graph.ts";

const Place = struct("place", { caller: u64, stack: u64 });
const EdgeKey = struct("edge_key", { held: u64, asked: u64 });
const Edge = struct("edge", {
  held: Place,
  asked: Place,
  time: u64.asNumber,
  tid: u32,
  unused: u32,
  comm: chars(16),
});
const Birth = struct("birth", {
  place: Place,
  time: u64.asNumber,
  parent: u32,
  unused: u32,
  comm: chars(16),
});

/** A mutex locked while another one was held. */
interface Pair extends Omit<Infer<typeof Edge>, "unused"> {
  readonly from: bigint;
  readonly to: bigint;
}

/** A frame of a stack. */
interface Frame {
  /** Undefined if the kernel could not store the stack. */
  readonly address?: bigint;
  readonly name: string;
}

const hex = (address: bigint) => address.toString(16).padStart(16, "0");

/** The lock order observed so far in a process. */
export class Inversions implements Disposable {
  readonly graph = new LockGraph<Pair>();
  readonly #pid: number;
  readonly #symbols = new UserSymbols();
  readonly #variables = new Map<bigint, string | undefined>();
  #kept: KeptStacks | undefined;

  constructor(pid: number) {
    this.#pid = pid;
  }

  /** Starts to record the process's mappings, which symbolize addresses later. */
  follow(bpf: Bpf): void {
    this.#kept = new KeptStacks(bpf);
    this.#symbols.follow({ pids: [this.#pid] });
  }

  /** Reads new edges; returns a shortest cycle that they close, if any. */
  find(bpf: Bpf): readonly Pair[] | undefined {
    let found: readonly Pair[] | undefined;
    for (const [{ held: from, asked: to }, edge] of bpf.map("edges", EdgeKey, Edge)) {
      const cycle = this.graph.add({ from, to, ...edge });
      if (cycle && !(found && found.length <= cycle.length)) found = cycle;
    }
    return found;
  }

  /** The graph as bcc's tool writes it: nodes and links. */
  json(): string {
    const nodes = new Set<bigint>();
    const links = [...this.graph].map(({ from, to, tid, comm }) => {
      nodes.add(from).add(to);
      return {
        source: `0x${hex(from)}`,
        target: `0x${hex(to)}`,
        thread_pid: tid,
        thread_comm: comm,
      };
    });
    const named = [...nodes].map((node) => ({
      id: `0x${hex(node)}`,
      name: this.#nameOf(node) ?? null,
    }));
    return JSON.stringify({ directed: true, nodes: named, links }, null, 2) + "\n";
  }

  /** Prints a cycle as bcc's tool does, or as one record. */
  print(bpf: Bpf, report: Report, cycle: readonly Pair[]): void {
    const labels = new Map(cycle.map(({ from }, i) => [from, this.#label(from, i)] as const));
    const label = (mutex: bigint) => labels.get(mutex)!;
    const order = [...cycle.map(({ from }) => from), cycle[0]!.from].map(label).join(" => ");
    const births = bpf.map("births", u32, Birth);
    const created = [...new Set(cycle.map(({ tid }) => tid))]
      .map((tid) => [tid, births.get(tid)] as const);

    report.line("----------------");
    report.line("Potential Deadlock Detected!");
    report.line();
    report.line(`Cycle in lock order graph: ${order}`);
    report.line();
    for (const { from, to, tid, comm, held, asked, time } of cycle) {
      const thread = `Thread ${tid} (${comm})`;
      report.line(`${label(to)} acquired here while holding ${label(from)} in ${thread}:`);
      this.#printStack(report, this.#frames(asked, time));
      report.line(`${label(from)} previously acquired by the same ${thread} here:`);
      this.#printStack(report, this.#frames(held, time));
    }
    for (const [tid, birth] of created) {
      if (!birth?.place.caller) {
        report.line(`Could not find stack trace where Thread ${tid} was created`);
        report.line();
        continue;
      }
      report.line(`Thread ${tid} created by Thread ${birth.parent} (${birth.comm}) here:`);
      this.#printStack(report, this.#frames(birth.place, birth.time));
    }
    const names = (place: Infer<typeof Place>, time: number) =>
      this.#frames(place, time).map(({ name }) => name);
    report.record("deadlock", {
      cycle: cycle.map(({ from, tid, comm, held, asked, time }) => ({
        mutex: `0x${hex(from)}`,
        name: this.#nameOf(from) ?? null,
        tid,
        comm,
        held: names(held, time),
        asked: names(asked, time),
      })),
      threads: created.map(([tid, birth]) => ({
        tid,
        parent: birth?.parent ?? null,
        stack: birth?.place.caller ? names(birth.place, birth.time) : null,
      })),
    });
  }

  [Symbol.dispose](): void {
    this.#symbols.close();
  }

  #printStack(report: Report, frames: readonly Frame[]): void {
    for (const { address, name } of frames) {
      report.line(address === undefined ? name : `@ ${hex(address)} ${name}`);
    }
    report.line();
  }

  /** The stack, starting with the caller of the lock function. */
  #frames({ stack, caller }: Infer<typeof Place>, time: number): Frame[] {
    const all = this.#kept!.addresses(stack);
    if (!all) return [{ name: missedStack("User") }];
    // For some functions the stack is taken at their first instruction, so the caller comes first.
    const rest = all[1] === caller ? all.slice(2) : all.slice(1);
    return [caller, ...rest].map((address) => {
      const when = { time, isReturn: true };
      const symbol = this.#symbols.resolve(this.#pid, address, when);
      const name = formatSymbol(symbol, address, { offset: true, module: true });
      const place = this.#symbols.sourceLine(this.#pid, address, when);
      const file = place?.file.slice(place.file.lastIndexOf("/") + 1);
      return { address, name: place ? `${name} (${file}:${place.line})` : name };
    });
  }

  #label(mutex: bigint, number: number): string {
    return `Mutex M${number} (${
      [this.#nameOf(mutex), `0x${hex(mutex)}`].filter(Boolean).join(" ")
    })`;
  }

  /** The name of the variable that is, or contains, a mutex; undefined if there is none. */
  #nameOf(mutex: bigint): string | undefined {
    if (!this.#variables.has(mutex)) this.#variables.set(mutex, this.#find(mutex));
    return this.#variables.get(mutex);
  }

  #find(mutex: bigint): string | undefined {
    let files: MappedFile[] = [];
    try {
      files = mappedFiles(this.#pid);
    } catch {
      return undefined; // the process has ended
    }
    return files.map((file) => file.variableName(mutex)).find((name) => name !== undefined);
  }
}
