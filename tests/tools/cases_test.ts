/**
 * Runs the tables of all tools: tools/NAME/NAME.cases.ts.
 *
 * The gate runs them on the executable, as users do, which TSBCC_CASES_EXECUTABLE names: to start takes it
 * 0.03 s of CPU, and 0.12 from source, and they start more than a thousand tools. Other files of tests share
 * this process, so that it is named for these alone.
 */

import { after, before, test } from "node:test";
import { tools } from "../../tools/list.ts";
import type { Cases } from "../support/cases.ts";
import { testsOf } from "../support/run_cases.ts";

const { TSBCC_CASES_EXECUTABLE: executable } = process.env;
if (executable) {
  before(() => void (process.env.TSBCC_EXECUTABLE = executable));
  after(() => void delete process.env.TSBCC_EXECUTABLE);
}

for (const [name, load] of Object.entries(tools)) {
  const table = await import(`../../tools/${name}/${name}.cases.ts`) as { default: Cases };
  for (const { name, skip, run } of testsOf((await load()).default, table.default)) {
    test(name, { skip }, run);
  }
}
