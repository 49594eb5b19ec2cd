/**
 * The canary of every tool in a guest that has many CPUs: LRU maps forget there, per-CPU parts are
 * larger, and events come from everywhere.
 *
 * One thread emulates all CPUs of a guest, so there are two guests, each for every other tool.
 *
 * @module
 */

import { cpus } from "node:os";
import { tools } from "../../tools/list.ts";
import type { Cases } from "./cases.ts";
import { testsOf } from "./run_cases.ts";

const MANY = 16;
const GUESTS = 2;

/** node:test's test(). */
type Register = (
  name: string,
  options: { readonly skip: string | boolean },
  run: () => Promise<void>,
) => void;

/**
 * Registers the canaries of a part of the tools.
 *
 * @param register calls test() from the test's own file: Deno's reports name the file that calls it
 */
export async function testManyCpus(part: number, register: Register): Promise<void> {
  const few = cpus().length < MANY &&
    "it is for a guest with 32 CPUs: ./test.sh --full runs it in one";
  for (const [i, [name, load]] of Object.entries(tools).entries()) {
    if (i % GUESTS !== part) continue;
    const table = await import(`../../tools/${name}/${name}.cases.ts`) as { default: Cases };
    const { cases, anywhere = [] } = table.default;
    const canaries = { cases: cases.filter(({ canary }) => canary), anywhere };
    for (const { name, skip, run } of testsOf((await load()).default, canaries)) {
      register(`with many CPUs ${name}`, { skip: few || skip }, run);
    }
  }
}
