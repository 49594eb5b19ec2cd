/**
 * Tools in a guest that has many CPUs: LRU maps forget there, per-CPU parts are larger, and events come
 * from everywhere.
 *
 * One thread emulates all CPUs of a guest: to start a tool takes it ten seconds, a minute on a busy machine. So of
 * each tool its canary runs; a tool without one is attached in the test's own process.
 *
 * @module
 */

import assert from "node:assert/strict";
import { cpus } from "node:os";
import type { AnyTool } from "../../toolkit/run/tool.ts";
import { tools } from "../../tools/list.ts";
import type { Cases } from "./cases.ts";
import { loadable, mayAttach, rightCall, thisKernel, tryLoading } from "./loadable.ts";
import { testsOf } from "./run_cases.ts";

const MANY = 16;

/** node:test's test(). */
type Register = (
  name: string,
  options: { readonly skip: string | boolean },
  run: () => Promise<void>,
) => void;

async function attaches(tool: AnyTool, table: Cases): Promise<void> {
  const found = loadable(tool, rightCall(tool, table), thisKernel);
  if (!found) return; // the kernel lacks its hooks, as program_sets_test.ts says
  const attach = mayAttach(tool);
  const { programs, links } = await tryLoading(tool, found, { attach });
  assert.ok(programs > 0);
  assert.ok(!attach || links > 0);
}

/** Registers the tests. @param register calls test() from the test's own file: Deno's reports name the file that calls it */
export async function testManyCpus(register: Register): Promise<void> {
  const skip = cpus().length < MANY &&
    "it is for a guest with 32 CPUs: ./test.sh --full runs it in one";
  for (const [name, load] of Object.entries(tools)) {
    if (skip) {
      register(`with many CPUs ${name}`, { skip }, async () => {});
      continue;
    }
    const tool = (await load()).default;
    const { default: table } = await import(`../../tools/${name}/${name}.cases.ts`) as {
      default: Cases;
    };
    const canaries = table.cases.filter(({ canary }) => canary);
    for (const { name, skip, run } of testsOf(tool, { cases: canaries, anywhere: [] })) {
      register(`with many CPUs ${name}`, { skip }, run);
    }
    if (canaries.length > 0) continue;
    register(`with many CPUs ${name} attaches`, { skip: false }, () => attaches(tool, table));
  }
}
