// Not in guests: rustc would run under emulation, and what walks the stacks is seen there with other programs.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { skipped } from "../support/requires.ts";
import { Script } from "../support/script.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";
import { Folder } from "../support/workload.ts";

const SOURCE = fileURLToPath(new URL("../support/unwind.rs", import.meta.url));
const whole = "stacks of Rust are whole: chains, closures, destructors that a panic runs, threads";
const noRust = spawnSync("rustc", ["--version"]).status === 0
  ? false
  : skipped(whole, "there is no rustc");

test(whole, { skip: noRust }, async () => {
  using folder = new Folder();
  const program = `${folder.path}/unwind`;
  execFileSync("rustc", ["-O", "-C", "force-frame-pointers=no", "-o", program, SOURCE]);
  await using script = await Script.of([program]);
  const args = ["--json", "-U", "-p", String(script.pid), "t:syscalls:sys_enter_getppid"];
  await using tool = await startTool("stackcount", ...args);
  await script.go();
  const result = await stopTool(tool);
  const stacks = rowsOf<{ record: string; count: number; user?: string[] }>(result)
    .filter(({ record }) => record === "stack");
  const counts: Record<string, number> = {};
  for (const { user = [], count } of stacks) {
    // Frames of the standard library depend on its version: they are cut out.
    const names = user.map((name) => name.replace(/_alias_\d$|_impl$/, "")).join(";")
      .replace(/;(unwind::|<|std::|core::|_R|__rust).*;(main|start_thread);/, ";…;$2;")
      .replace(/in_destructor;.*;panics;/, "in_destructor;…;panics;");
    counts[names] = (counts[names] ?? 0) + count;
  }
  const START = "main;__libc_start_call_main;__libc_start_main;_start";
  const under = (...frames: string[]) => ["getppid", "the_call", ...frames].join(";");
  const chain = (depth: number) => Array<string>(depth).fill("link_of_chain");
  assert.deepEqual(counts, {
    [under(...chain(50), "…", START)]: 1,
    [under(...chain(1), "calls", "…", START)]: 1,
    [under("in_destructor", "…", "panics", "…", START)]: 2,
    [under("in_destructor", "panics", "…", START)]: 1,
    [under(...chain(2), "…", "start_thread", "clone3")]: 1,
  });
  assert.doesNotMatch(result.stderr, /truncated/);
});
