import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import { rowsOf, runTool } from "../support/tool.ts";

/** Whether the kernel has hardware cache counters, under one of its names for the CPU's PMU. */
const hasCounters = ["cpu", "cpu_core", "armv8_pmuv3_0"].some((name) =>
  existsSync(`/sys/bus/event_source/devices/${name}/events/cache-misses`)
);

test("llcstat says so where there are no counters, and else counts", async () => {
  const { status, stdout, stderr } = await runTool("llcstat", "--json", "0.2");
  if (!hasCounters) {
    assert.match(
      stderr,
      /^llcstat: Cannot attach program "referenced" to perf event cache-references: .*\(ENOENT\): this machine has no such event: virtual machines often lack hardware counters\n$/,
    );
    assert.deepEqual([status, stdout], [1, ""]);
    return;
  }
  assert.equal(status, 0, stderr);
  const rows = rowsOf<{ record?: string; references?: number }>({ stdout } as never);
  assert.ok(rows.find(({ record }) => record === "total")!.references! > 0);
});
