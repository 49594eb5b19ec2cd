// Not in guests: the messages do not depend on the kernel.
/** Every tool reports missed events, on standard error and in JSON. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { tools } from "../../tools/list.ts";
import { PROJECT } from "../support/build.ts";
import { HOOKS_ELSEWHERE } from "../support/hooks_elsewhere.ts";
import { Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { scriptCommand } from "../support/runtime.ts";
import { READY, rowsOf, stopTool } from "../support/tool.ts";

const TIMES = 7919;
/** One tool with rows and one with reports: the two kinds of toolkit/run/printer.ts. */
const ALWAYS = ["opensnoop", "syscount"];

interface Row {
  readonly record?: string;
  readonly what?: string;
  readonly total?: number;
}

async function tellsMisses(name: string, sample: readonly string[]): Promise<void> {
  const command = scriptCommand(`${PROJECT}tests/support/missing.ts`);
  await using running = Running.start(
    [...command, name, String(TIMES), "--json", ...sample],
    READY,
  );
  await running.find("stderr", /^ready$/m);
  const result = await stopTool(running);
  const told = rowsOf<Row>(result).filter(({ record }) => record === "missed");
  assert.deepEqual(told.at(-1), { record: "missed", what: "events", total: TIMES });
  const sentence = `${name}: missed ${TIMES} events in all: the kernel did not run the program`;
  assert.ok(result.stderr.includes(`\n${sentence}`), result.stderr);
}

for (const [tool, load] of Object.entries(tools)) {
  if (tool in HOOKS_ELSEWHERE) continue;
  const name = `${tool} tells that the kernel did not run its programs`;
  const skip = ALWAYS.includes(tool) ? false : requires(name, "full");
  const sample = skip ? [] : (await load()).default.sample ?? [];
  // Without tools whose sample is `false`, which cannot trace the whole machine.
  if (sample !== false) test(name, { skip }, () => tellsMisses(tool, sample));
}
