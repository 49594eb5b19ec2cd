/**
 * Runs the tables of all tools: tools/NAME/NAME.cases.ts.
 *
 * The gate runs them on the compiled executable, which TSBCC_CASES_EXECUTABLE names: it starts in 0.03 s of
 * CPU time, from source in 0.12 s, and the cases start more than a thousand tools. It is not
 * TSBCC_EXECUTABLE, because other test files share this process and must run tools from source.
 */

import { test } from "node:test";
import { tools } from "../../tools/list.ts";
import type { Cases } from "../support/cases.ts";
import { testsOf } from "../support/run_cases.ts";

const { TSBCC_CASES_EXECUTABLE: executable } = process.env;

/** Set for each test: Deno calls no after() of a file that has a skipped test. */
async function onExecutable(run: () => Promise<void>): Promise<void> {
  if (!executable) return await run();
  process.env.TSBCC_EXECUTABLE = executable;
  try {
    await run();
  } finally {
    delete process.env.TSBCC_EXECUTABLE;
  }
}

for (const [name, load] of Object.entries(tools)) {
  const table = await import(`../../tools/${name}/${name}.cases.ts`) as { default: Cases };
  for (const { name, skip, run } of testsOf((await load()).default, table.default)) {
    test(name, { skip }, () => onExecutable(run));
  }
}
