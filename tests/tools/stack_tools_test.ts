/**
 * offcputime and memleak walk code without frame pointers as stackcount and trace do (stack_walk_test.ts), from the call
 * that waits or allocates to where the program began. Beside each runs one that follows frame pointers, to which the same
 * stacks are one frame.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { exactly } from "../support/hidden_events.ts";
import { keepOnOneCpu, type Result } from "../support/process.ts";
import { Script } from "../support/script.ts";
import type { StackRow } from "../support/stacks.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";
import { chainOf, cutChainOf, stackText, unwindProgram } from "../support/unwind.ts";

/** The last has more than the 127 frames that are kept. */
const DEPTHS = [1, 13, 119, 200];
const FRAME_POINTERS = ["--stack-walk", "fp"];

interface Row extends StackRow {
  readonly bytes?: number;
  readonly total?: number;
}

/** What a tool says of unwind.c while that does a step at each depth: by tables, and by frame pointers. */
async function both(
  tool: string,
  step: string,
  args: readonly string[],
  watch?: (pid: number) => void,
): Promise<[Result, Result]> {
  await using program = await Script.of([unwindProgram(), ...DEPTHS.map((n) => `${step}=${n}`)]);
  // On one CPU, where hardly a switch is hidden from tracers: see sleeper.ts.
  await keepOnOneCpu(program.pid);
  const target = ["--json", "-p", String(program.pid)];
  await using tables = await startTool(tool, ...target, ...args);
  await using pointers = await startTool(tool, ...target, ...FRAME_POINTERS, ...args);
  watch?.(program.pid);
  await program.go();
  return [await stopTool(tables), await stopTool(pointers)];
}

const stacksIn = (result: Result) => rowsOf<Row>(result).filter(({ record }) => record === "stack");
/** The whole stacks, and the deepest as it is cut. */
const expected = (inner: string) =>
  DEPTHS.map((depth, i) => i < 3 ? chainOf(inner, depth) : cutChainOf(inner));

/** How many stacks a tool's records say were cut. */
const truncated = (result: Result) =>
  rowsOf<Row>(result).reduce((sum, { record, total = 0 }) => {
    return sum + (record === "truncated" ? total : 0);
  }, 0);
const TOLD =
  /: truncated \d+ of \d+ user stacks so far: (.*, )?\d+ because they were deeper than 127/;

test(
  "offcputime shows whole stacks of what waits in code without frame pointers",
  exactly(["sched/sched_switch"], async (watch) => {
    const [tables, pointers] = await both("offcputime", "nap", [], watch);
    // The program may have waited for its CPU as well, anywhere.
    const [whole, cut] = [tables, pointers].map((result) =>
      stacksIn(result).filter(({ kernel }) => kernel?.some((name) => /nanosleep/.test(name)))
        .map(({ user, usecs = 0 }) => [stackText(user!), usecs] as const)
    ) as [[string, number][], [string, number][]];
    const naps = expected("clock_nanosleep;nanosleep;the_nap");
    assert.deepEqual(whole.map(([stack]) => stack).sort(), naps.sort());
    // The timer of 20 ms starts a little before the process leaves its CPU.
    for (const [stack, usecs] of whole) assert.ok(usecs >= 15000, `${usecs}: ${stack}`);
    // Stacks of a process that ends are walked as well, when its memory has gone.
    assert.ok(truncated(tables) >= 1);
    assert.match(tables.stderr, TOLD);
    const sum = cut.reduce((all, [, usecs]) => all + usecs, 0);
    assert.ok(sum >= DEPTHS.length * 15000, JSON.stringify(cut));
    for (const [stack] of cut) {
      assert.match(stack, /^clock_nanosleep(;(?!main|link_of_chain)[^;]*)*$/);
    }
    assert.equal(truncated(pointers), 0);
  }),
);

test("memleak shows whole stacks of what allocates in code without frame pointers", async () => {
  const [tables, pointers] = await both("memleak", "leak", ["-T", "100", "3600"]);
  const [whole, cut] = [tables, pointers].map((result) =>
    stacksIn(result).map(({ user, bytes = 0 }) => [stackText(user!), bytes] as const)
  ) as [[string, number][], [string, number][]];
  const leaks = expected("the_leak").map((stack, i) => [stack, 1000 + DEPTHS[i]!]);
  assert.deepEqual(Object.fromEntries(whole), Object.fromEntries(leaks));
  assert.equal(truncated(tables), 1);
  assert.match(tables.stderr, TOLD);
  assert.equal(cut.reduce((all, [, bytes]) => all + bytes, 0), 4000 + 1 + 13 + 119 + 200);
  for (const [stack] of cut) assert.match(stack, /^the_leak(;(?!main|link_of_chain)[^;]*)*$/);
  assert.equal(truncated(pointers), 0);
});
