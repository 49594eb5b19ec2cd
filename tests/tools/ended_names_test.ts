import assert from "node:assert/strict";
import { test } from "node:test";
import { run } from "../support/process.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";

interface Row {
  readonly pid?: number;
  readonly tid?: number;
  readonly comm?: string;
}

/**
 * The report, which is made at the end, names threads that started and ended while the tool ran.
 */
for (
  const [name, ...args] of [
    ["syscount", "-P", "-T", "100000"],
    ["cpudist", "-P"],
    ["cpudist", "-L"],
    ["runqlat", "-P"],
    ["runqlat", "-L"],
  ] as const
) {
  test(`${name} ${args.join(" ")} names processes that have ended`, async () => {
    await using tool = await startTool(name, "--json", ...args);
    const { stdout } = await run(["sh", "-c", "sleep 0.01; echo $$; exec head -c 1 /dev/zero"]);
    const id = parseInt(stdout);
    const rows = rowsOf<Row>(await stopTool(tool)).filter((row) => (row.pid ?? row.tid) === id);
    assert.ok(rows.length > 0);
    for (const { comm } of rows) assert.equal(comm, "head");
  });
}
