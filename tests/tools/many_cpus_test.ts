/**
 * The canaries of tools whose maps depend on the number of CPUs, in a guest that has many: LRU maps
 * forget there, per-CPU parts are larger, and events come from everywhere.
 *
 * Not of all tools: 32 CPUs that one thread emulates take a minute for what two do in a second, and
 * those that hang on each switch between threads do not end in time.
 */

import { cpus } from "node:os";
import { test } from "node:test";
import { tools } from "../../tools/list.ts";
import { type Cases, testsOf } from "../support/cases.ts";

const TOOLS = [
  ...["argdist", "bindsnoop", "biolatency", "biopattern", "biosnoop", "biotop", "cachestat"],
  ...["execsnoop", "exitsnoop", "ext4slower", "filegone", "fileslower", "filetop", "funccount"],
  "funclatency",
];
const MANY = 16;
const few = cpus().length < MANY &&
  "it is for a guest with 32 CPUs: ./test.sh --full runs it in one";

for (const [name, load] of Object.entries(tools)) {
  if (!TOOLS.includes(name)) continue;
  const table = await import(`../../tools/${name}/${name}.cases.ts`) as { default: Cases };
  for (const { name, skip, run } of testsOf((await load()).default, table.default)) {
    test(`with many CPUs ${name}`, { skip: few || skip }, run);
  }
}
