/** Options that make bcc and libbpf-tools print a program's text: our tools print which programs they load. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { requires } from "../support/requires.ts";
import { runTool } from "../support/tool.ts";

const TOOLS = [
  [
    "fsslower",
    "-v",
    ["-t", "tmpfs", "-d", "0.1"],
    "program enter_write: tracepoint/syscalls/sys_enter_write",
  ],
  [
    "fsdist",
    "-v",
    ["-t", "tmpfs", "-d", "0.1"],
    "program enter_write: tracepoint/syscalls/sys_enter_write",
  ],
  ["virtiostat", "-D", ["--duration", "0.1"], "program add_sgs: kprobe/virtqueue_add_sgs"],
] as const;

for (const [name, option, args, expected] of TOOLS) {
  const title = `${name} ${option} says which programs it loads, and where they are attached`;
  const skip = name === "virtiostat" && requires(title, "kprobe");
  test(title, { skip }, async () => {
    const programs = async (...options: string[]) => {
      const { status, stderr } = await runTool(name, ...options, ...args);
      assert.equal(status, 0, stderr);
      return stderr.split("\n").filter((line) => line.startsWith("program "));
    };
    const shown = await programs(option);
    assert.ok(shown.includes(expected), shown.join("\n"));
    for (const line of shown) assert.match(line, /^program \w+: [a-z_]+\/\S+$/);
    assert.equal(new Set(shown).size, shown.length);
    assert.deepEqual(await programs(), []);
  });
}
