import assert from "node:assert/strict";
import { test } from "node:test";
import { runTool } from "../support/tool.ts";

test("inject says in a sentence that this kernel lets nobody make functions fail", async () => {
  const { status, stdout, stderr } = await runTool("inject", "kmalloc", "SyS_mount()");
  assert.deepEqual([status, stdout], [1, ""]);
  assert.match(
    stderr,
    /^inject: Cannot [^\n]*should_failslab[^\n]*\n$|^inject: Cannot load program "fail": .*\n$/,
  );
});
