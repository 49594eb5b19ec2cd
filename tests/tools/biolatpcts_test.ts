import assert from "node:assert/strict";
import { test } from "node:test";
import { Disk } from "../support/disk.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";

test("biolatpcts reports on SIGUSR2, and begins a new period on SIGUSR1", async () => {
  using disk = new Disk();
  await using running = await startTool("biolatpcts", "-j", "-i", "-1", disk.name);
  const reports = (count: number) => running.find("stdout", new RegExp(`^(.*\\n){${count}}`));
  await reports(1);
  for (const [i, signal] of (["SIGUSR2", "SIGUSR1", "SIGUSR2"] as const).entries()) {
    await disk.write(17);
    running.kill(signal);
    await reports(i + 2);
  }
  const rows = rowsOf<{ requests: { write: number } }>(await stopTool(running));
  assert.deepEqual(rows.map(({ requests }) => requests.write), [0, 17, 34, 17, 17]);
});
