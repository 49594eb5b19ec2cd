/**
 * Loads every object with every set of its programs that this kernel supports, and attaches the set that a
 * tool loads without options.
 *
 * The sets are those of each single option, and the fallbacks for kernels without fentry, without kprobes
 * or without both. Options that only set global variables do not change the set.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import type { Machine } from "../../toolkit/machine/machine.ts";
import type { AnyTool } from "../../toolkit/run/tool.ts";
import { tools } from "../../tools/list.ts";
import type { Cases } from "../support/cases.ts";
import {
  type Loadable,
  loadable,
  mayAttach,
  rightCall,
  thisKernel as kernel,
  tryLoading,
} from "../support/loadable.ts";
import { requires, skipped } from "../support/requires.ts";

/** This kernel without some kinds of hooks. */
const without = (...kinds: string[]): Machine => ({
  ...kernel,
  hasHook: (hook) =>
    kinds.some((kind) => hook.startsWith(kind))
      ? { answer: "no", reason: "left out" }
      : kernel.hasHook(hook),
});
const MACHINES = [kernel, without("fentry"), without("kprobe"), without("fentry", "kprobe")];

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

/** Objects attached so far: tools for file systems share an object, which is attached once. */
const attached = new Set<unknown>();

for (const [name, load] of Object.entries(tools)) {
  const title = `${name}: each set of its programs is loaded, the first attached`;
  // Not in guests, which are slow: the tools' canaries attach there, and ./test.sh --full runs these as
  // well.
  const left = process.env.TSBCC_GUEST_KERNEL ? requires(title, "full") : false;
  const tool = (await load()).default;
  const table = await import(`../../tools/${name}/${name}.cases.ts`) as { default: Cases };
  const sets = left ? [] : setsOf(tool, rightCall(tool, table.default));
  // By the option: Deno counts a test that skips itself as passed (findings/deno-test-context-skip.sh).
  const skip = left || sets.length === 0 && skipped(title, `${name} loads nothing here`);
  test(title, { skip }, async () => {
    const isAttached = mayAttach(tool) && !(tool.object && attached.has(tool.object));
    if (tool.object) attached.add(tool.object);
    for (const [i, set] of sets.entries()) {
      const attach = i === 0 && isAttached;
      const { programs, links } = await tryLoading(tool, set, { attach });
      assert.ok(programs > 0);
      assert.ok(!attach || links > 0);
    }
  });
}
