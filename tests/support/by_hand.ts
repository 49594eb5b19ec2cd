/**
 * Runs tools whose hooks exist on no kernel that the tests use: the programs of a tool's plan are loaded, and the
 * test runs them by BPF_PROG_TEST_RUN.
 *
 * @module
 */

import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { Bpf, cgroupMount, openCgroup } from "../../mod.ts";
import { thisMachine } from "../../toolkit/machine/machine.ts";
import { settle } from "../../toolkit/options/machine_globals.ts";
import { parseOptions } from "../../toolkit/options/options.ts";
import { Output } from "../../toolkit/output/output.ts";
import { Report } from "../../toolkit/output/report.ts";
import { planOf } from "../../toolkit/run/run.ts";
import type { AnyTool, EventPlan, ReportPlan } from "../../toolkit/run/tool.ts";
import { TestCgroup } from "./cgroup.ts";
import { strangerIn } from "./filter_matrix.ts";
import { PinnedSet } from "./pinned_set.ts";

/** A tool whose programs are loaded. */
export interface Loaded extends Disposable {
  readonly plan: EventPlan<never> | ReportPlan;
  readonly bpf: Bpf;
}

/** Loads the programs that a tool plans for a kernel with all its hooks. */
export function loaded(tool: AnyTool, ...words: string[]): Loaded {
  const machine = { ...thisMachine, hasHook: () => ({ answer: "yes" }) as const };
  const values = parseOptions(tool.options, words, machine) as never;
  const plan = planOf(tool, values, machine) as EventPlan<never> | ReportPlan;
  // Tools ignore events of their own process, and these programs run in this one: name another pid.
  const globals = { ...settle(plan.load!.globals!, values, machine), own_pid: 0xffff_ffff };
  const bpf = Bpf.load(tool.object as Uint8Array, { name: tool.name, ...plan.load, globals });
  const { cgroup: path } = values as { cgroup?: string };
  if (path !== undefined) {
    using cgroup = openCgroup(path);
    bpf.cgroupArray("cgroup_root").set(0, cgroup.fd);
  }
  return { plan, bpf, [Symbol.dispose]: () => bpf[Symbol.dispose]() };
}

/** The text that the tool's report prints. */
export function reportOf({ plan, bpf }: Loaded, json = false): string {
  const lines: string[] = [];
  const output = new class extends Output {
    override line(text: string): void {
      lines.push(text);
    }
  }();
  const settings = { json, name: "by hand", seconds: 1, isInterrupted: () => false };
  void (plan as ReportPlan).report(bpf, new Report(output, settings));
  return lines.join("\n");
}

/** The context of a raw tracepoint: each argument as a u64. */
export const args = (...values: (number | bigint)[]): Uint8Array =>
  new Uint8Array(BigUint64Array.from(values, (value) => BigInt.asUintN(64, BigInt(value))).buffer);

/** For each filter, option words that match this thread and option words that do not. */
function* ownFilters(stack: DisposableStack, empty: TestCgroup, stranger: number) {
  const own = readFileSync("/proc/self/cgroup", "utf8").trimEnd().split("\n").at(-1)!.slice(3);
  const cgroup = `${cgroupMount()}${own}`;
  const set = (name: string, valueSize: 4 | 8, ...ids: number[]) =>
    stack.use(new PinnedSet(name, valueSize, ...ids)).path;
  yield ["--cgroup", cgroup, empty.path];
  yield ["--cgroupmap", set("in", 8, statSync(cgroup).ino), set("out", 8)];
  yield ["--mntnsmap", set("mine", 4, statSync("/proc/self/ns/mnt").ino), set("none", 4)];
  yield ["--pidns", String(process.pid), String(stranger)];
}

/** Runs a tool on this thread with each filter, once with a matching value and once without. */
export async function tryFilters(
  more: readonly (readonly string[])[],
  shows: (option: string, value: string) => boolean,
): Promise<void> {
  using stack = new DisposableStack();
  using empty = new TestCgroup("by-hand");
  await using processes = new AsyncDisposableStack();
  const stranger = await strangerIn(processes);
  for (const [option, match, miss] of [...more, ...ownFilters(stack, empty, stranger)]) {
    assert.equal(shows(option!, match!), true, `${option} ${match}`);
    assert.equal(shows(option!, miss!), false, `${option} ${miss}`);
  }
}
