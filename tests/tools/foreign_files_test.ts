// What somebody else can put in a tool's way: files that are none, and maps that others fill.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { test } from "node:test";
import { runTool, startTool, stopTool } from "../support/tool.ts";
import { Script } from "../support/script.ts";
import { Folder } from "../support/workload.ts";

test("a FIFO in the place of a file is refused at once, in one sentence", async () => {
  using folder = new Folder();
  const path = `${folder.path}/fifo`;
  assert.equal(spawnSync("mkfifo", [path]).status, 0);
  for (const [tool, ...args] of [["funccount", `${path}:*`], ["tplist", "-l", path]] as const) {
    const { status, stdout, stderr } = await runTool(tool, ...args);
    assert.notEqual(status, 0, tool);
    assert.equal(stdout, "");
    assert.match(stderr, new RegExp(`^${tool}: .*fifo.*regular file`), stderr);
  }
});

test("stacks that the kernel had no room for are told as what they are", async () => {
  await using workload = await Script.start("for i in 1 2 3 4 5; do /bin/true; done"); // it waits for each
  const pid = String(workload.pid);
  await using running = await startTool("offcputime", "-p", pid, "--stack-storage-size", "1");
  await workload.go();
  const { stdout, stderr } = await stopTool(running);
  assert.match(stderr, /^offcputime: dropped \d+ stacks.*: .*raise --stack-storage-size$/m);
  assert.match(stdout, /\[Missed (?:User|Kernel) Stack\]/);
});
