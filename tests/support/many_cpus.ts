/**
 * Tools in a guest that has many CPUs: LRU maps forget there, per-CPU parts are larger, and events come
 * from everywhere.
 *
 * One thread emulates all CPUs of a guest: to start a tool takes it ten seconds. So the canaries run of the tools
 * whose answers can depend on the CPUs; the others are loaded and attached, all in the test's own process.
 *
 * @module
 */

import assert from "node:assert/strict";
import { cpus } from "node:os";
import { Bpf } from "../../mod.ts";
import type { AnyTool } from "../../toolkit/run/tool.ts";
import { tools } from "../../tools/list.ts";
import type { Cases } from "./cases.ts";
import { loadable, mayAttach, rightCall, thisKernel, tryLoading } from "./loadable.ts";
import { testsOf } from "./run_cases.ts";

const MANY = 16;

/** What no map of a C object tells: functions of TypeScript and written probes, order, and waits for another CPU. */
const AS_WELL = [
  "argdist",
  "biosnoop",
  "cpuunclaimed",
  "exitsnoop",
  "runqlen",
  "runqslower",
  "trace",
];

/** node:test's test(). */
type Register = (
  name: string,
  options: { readonly skip: string | boolean },
  run: () => Promise<void>,
) => void;

/**
 * Whether a tool sums values of the CPUs, forgets the oldest keys of each, or samples them. A CPU's scratch
 * space matters to that CPU alone.
 */
function dependsOnCpus({ name, object }: AnyTool): boolean {
  if (AS_WELL.includes(name)) return true;
  if (!(object instanceof Uint8Array)) return false;
  using opened = Bpf.open(object, { name });
  const maps = [...opened.maps.values()].filter(({ name }) => !/scratch/.test(name));
  return maps.some(({ type }) => /PERCPU|LRU/.test(type)) ||
    [...opened.programs.values()].some(({ type }) => type === "PERF_EVENT");
}

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
    const cases = dependsOnCpus(tool) ? table.cases.filter(({ canary }) => canary) : [];
    const { anywhere = [] } = table;
    for (const { name, skip, run } of testsOf(tool, { cases, anywhere })) {
      register(`with many CPUs ${name}`, { skip }, run);
    }
    if (cases.length > 0) continue;
    register(`with many CPUs ${name} attaches`, { skip: false }, () => attaches(tool, table));
  }
}
