/**
 * Runs the tables of all tools: tools/NAME/NAME.cases.ts.
 */

import { test } from "node:test";
import { tools } from "../../tools/list.ts";
import { type Cases, testsOf } from "../support/cases.ts";

for (const [name, load] of Object.entries(tools)) {
  const table = await import(`../../tools/${name}/${name}.cases.ts`) as { default: Cases };
  for (const { name, skip, run } of testsOf((await load()).default, table.default)) {
    test(name, { skip }, run);
  }
}
