/**
 * Every object, with every set of its programs that this kernel can have, is loaded; what a tool loads without
 * options is attached as well.
 *
 * The sets are those of each option by itself, and those that a tool falls back to where the kernel has no
 * fentry, no kprobes or neither. Values that options only copy into variables make no set of their own.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { UnsupportedError } from "../../mod.ts";
import { type Machine, thisMachine } from "../../toolkit/machine/machine.ts";
import { parseOptions, UsageError } from "../../toolkit/options/options.ts";
import { loadPlan, planOf, type Standard, type TracingPlan } from "../../toolkit/run/run.ts";
import type { AnyTool } from "../../toolkit/run/tool.ts";
import { tools } from "../../tools/list.ts";
import type { Cases } from "../support/cases.ts";
import { pretend } from "../support/machine.ts";
import { requires, skipped } from "../support/requires.ts";

/**
 * Not attached here: probes in whatever the machine runs, which their own tests set in a process of their own, and
 * hardware counters, which virtual machines lack.
 */
const UNATTACHED = [
  "cpufreq",
  "dbslower",
  "dbstat",
  "deadlock",
  "gethostlatency",
  "inject",
  "javagc",
  "ksnoop",
  "llcstat",
  "mysqld_qslower",
  "rubyallocs",
  "sslsniff",
  "threadsnoop",
  "ucalls",
  "uflow",
  "ugc",
  "uobjnew",
  "ustat",
  "uthreads",
];

/** This kernel, with the disks, interfaces and file systems that tests of plans pretend. */
const { exists, readText, namesIn, isDirectory, directoryInfo } = pretend();
const kernel: Machine = {
  ...thisMachine,
  exists: (path) => exists(path) || thisMachine.exists(path),
  readText: (path) => exists(path) ? readText(path) : thisMachine.readText(path),
  namesIn,
  isDirectory,
  directoryInfo,
};

/** The same without some kinds of hooks. */
const without = (...kinds: string[]): Machine => ({
  ...kernel,
  hasHook: (hook) =>
    kinds.some((kind) => hook.startsWith(kind))
      ? { answer: "no", reason: "left out" }
      : kernel.hasHook(hook),
});
const MACHINES = [kernel, without("fentry"), without("kprobe"), without("fentry", "kprobe")];

interface Loadable {
  readonly plan: TracingPlan;
  readonly values: Standard;
}

/** What a call loads; undefined where it is wrong, only prints, or needs what the kernel has not. */
function loadable(tool: AnyTool, words: readonly string[], machine: Machine): Loadable | undefined {
  try {
    const values = parseOptions(tool.options, words, machine) as unknown as Standard;
    const plan = planOf(tool, values, machine);
    return "text" in plan ? undefined : { plan, values };
  } catch (error) {
    if (error instanceof UsageError || error instanceof UnsupportedError) return undefined;
    throw error;
  }
}

/** The different sets of programs, the one without options first. */
function setsOf(tool: AnyTool, right: readonly string[]): Loadable[] {
  const flags = Object.values(tool.options)
    .filter(({ meta, positional }) => meta === undefined && !positional)
    .map(({ long }) => [`--${long}`]);
  const sets = new Map<string, Loadable>();
  for (const machine of MACHINES) {
    for (const words of [[], ...flags]) {
      const found = loadable(tool, [...words, ...right], machine);
      const key = JSON.stringify(found?.plan.load?.programs ?? {});
      if (found && !sets.has(key)) sets.set(key, found);
    }
  }
  return [...sets.values()];
}

/** The tools of one type of file system share an object: it is attached once. */
const attached = new Set<unknown>();

for (const [name, load] of Object.entries(tools)) {
  const title = `${name}: each set of its programs is loaded, the first attached`;
  // In guests, whose CPUs are emulated, the gate attaches what each tool's canary loads.
  const skip = process.env.TSBCC_GUEST_KERNEL ? requires(title, "full") : false;
  test(title, { skip }, async (t) => {
    const tool = (await load()).default;
    const table = await import(`../../tools/${name}/${name}.cases.ts`) as { default: Cases };
    const right = table.default.usage?.right ?? (tool.sample || []);
    const sets = setsOf(tool, right);
    if (sets.length === 0) return t.skip(skipped(title, `${name} loads nothing here`));
    const isAttached = !UNATTACHED.includes(name) && !(tool.object && attached.has(tool.object));
    if (tool.object) attached.add(tool.object);
    for (const [i, { plan, values }] of sets.entries()) {
      using bpf = loadPlan(tool, plan, values, undefined);
      assert.ok(bpf.programs.size > 0);
      if (i > 0 || !isAttached) continue;
      using _prepared = plan.prepare?.(bpf, undefined) ?? undefined;
      const links = await plan.attach?.(bpf, undefined) ?? bpf.attach();
      assert.ok(links.length > 0);
      for (const link of links) link.close();
    }
  });
}
