/**
 * Runs the tables of all tools: tools/NAME/NAME.cases.ts.
 */

import { test } from "node:test";
import { tools } from "../../tools/list.ts";
import type { Cases } from "../support/cases.ts";
import { testsOf } from "../support/run_cases.ts";

for (const [name, load] of Object.entries(tools)) {
  const table = await import(`../../tools/${name}/${name}.cases.ts`) as { default: Cases };
  for (const { name, skip, run } of testsOf((await load()).default, table.default)) {
    test(name, { skip }, run);
  }
}
