/**
 * Runs the tables of all tools: tools/NAME/NAME.cases.ts.
 */

import { tools } from "../../tools/list.ts";
import { type Cases, testCases } from "../support/cases.ts";

for (const [name, load] of Object.entries(tools)) {
  const table = await import(`../../tools/${name}/${name}.cases.ts`) as { default: Cases };
  testCases((await load()).default, table.default);
}
