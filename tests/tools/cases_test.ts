/**
 * Runs the tables of all tools: tools/NAME/NAME.cases.ts.
 */

import { existsSync } from "node:fs";
import { tools } from "../../tools/list.ts";
import { PROJECT } from "../support/build.ts";
import { type Cases, testCases } from "../support/cases.ts";

for (const [name, load] of Object.entries(tools)) {
  // A tool without a table fails `static`.
  if (!existsSync(`${PROJECT}tools/${name}/${name}.cases.ts`)) continue;
  const table = await import(`../../tools/${name}/${name}.cases.ts`) as { default: Cases };
  testCases((await load()).default, table.default);
}
