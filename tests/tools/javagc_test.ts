import assert from "node:assert/strict";
import { test } from "node:test";
import { runTool } from "../support/tool.ts";

test("javagc refuses a process that runs no Java in one sentence", async () => {
  const { status, stdout, stderr } = await runTool("javagc", "-p", String(process.pid));
  assert.deepEqual([status, stdout], [1, ""]);
  assert.match(
    stderr,
    /^javagc: Cannot trace process \d+: it runs no Java: there is no libjvm\.so in its memory\n$/,
  );
});
