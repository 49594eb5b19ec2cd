import assert from "node:assert/strict";
import { test } from "node:test";
import { buildProgram } from "../support/build.ts";
import { Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { Script } from "../support/script.ts";
import { type StackRow, stacksOf, userSums } from "../support/stacks.ts";
import { READY, rowsOf, startTool, stopTool, toolCommand } from "../support/tool.ts";

const samples = ({ samples = 0 }: StackRow) => samples;

/** The samples by user stack, from main on, while odd_code.c does a step. */
async function sampled(step: string, flags: string[] = []): Promise<Record<string, number>> {
  await using workload = await Script.of([buildProgram("odd_code.c", ["-O0", ...flags]), step]);
  const { pid } = workload;
  await using tool = await startTool("profile", "-F", "997", "-U", "--json", "-p", String(pid));
  await workload.go();
  return userSums(stacksOf(await stopTool(tool), pid), samples);
}

const share = (sums: Record<string, number>, stack: string) =>
  (sums[stack] ?? 0) / Object.values(sums).reduce((a, b) => a + b, 0);

const last = "profile names the function whose last instruction is a call, not the one behind it";
test(last, { skip: requires(last, "speed") }, async () => {
  const sums = await sampled("noreturn=400");
  assert.ok(share(sums, "main;outer;last_call;spin_exit") > 0.8, JSON.stringify(sums));
  assert.ok(!Object.keys(sums).some((stack) => /innocent/.test(stack)), JSON.stringify(sums));
});

const nested = "profile names the rest of a function behind one that lies inside it";
test(nested, { skip: requires(nested, "speed") }, async () => {
  const sums = await sampled("nested=100");
  assert.ok(share(sums, "main;big") > 0.8, JSON.stringify(sums));
});

const SIGNAL = "profile names what a signal handler returns to by its first instruction";
const onX86 = process.arch === "x64" ? false : "elsewhere that lies in the vDSO, not in a program";
test(SIGNAL, { skip: requires(SIGNAL, "speed") || onX86 }, async () => {
  const sums = await sampled("signal=400");
  // The walk by frame pointers misses the interrupted function, raise_here.
  assert.ok(share(sums, "main;own_restorer;on_signal") > 0.8, JSON.stringify(sums));
});

for (const flags of [["-pie", "-fPIE"], ["-no-pie"]]) {
  for (const step of ["moved", "moves"]) {
    const title = `profile names code that was moved to memory without a file: ${step} ${flags[0]}`;
    test(title, { skip: requires(title, "speed") }, async () => {
      const sums = await sampled(`${step}=400`, flags);
      assert.ok(share(sums, "main;in_moved;turn") > 0.8, JSON.stringify(sums));
    });
  }
}

test("offcputime shows addresses where the kernel hides its names, and says so once", async () => {
  const hidden = ["setpriv", "--bounding-set=-syslog", "--inh-caps=-syslog"];
  const command = [...hidden, ...toolCommand("offcputime"), "-K", "--json"];
  await using workload = await Script.start("for i in 1 2 3 4 5; do sleep 0.01; done");
  await using tool = Running.start(command, READY);
  await tool.find("stderr", /^ready$/m);
  await workload.go();
  const result = await stopTool(tool);
  const rows = rowsOf<StackRow>(result).filter(({ record }) => record === "stack");
  assert.ok(rows.length > 1);
  for (const { kernel } of rows) {
    assert.ok(kernel!.every((frame) => /^0xffff[0-9a-f]{12}$/.test(frame)), String(kernel));
  }
  const told = result.stderr.match(/Cannot name kernel addresses: .*/g);
  assert.equal(told?.length, 1, result.stderr);
  assert.match(told[0], /addresses are shown instead$/);
});
