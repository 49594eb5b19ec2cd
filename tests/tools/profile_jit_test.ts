import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { buildProgram } from "../support/build.ts";
import { JIT_KINDS, JitProgram } from "../support/jit.ts";
import { requires } from "../support/requires.ts";
import { type StackRow, stacksOf, userSums } from "../support/stacks.ts";
import { startTool, stopTool } from "../support/tool.ts";

const onX86 = process.arch === "x64" ? false : "jit.c makes code of x86";
const samples = ({ samples = 0 }: StackRow) => samples;
const NAMED = "main;run;jit outer (a.js:1);jit_inner";

const share = (sums: Record<string, number>, stack: string) =>
  (sums[stack] ?? 0) / Object.values(sums).reduce((a, b) => a + b, 0);

for (const kind of JIT_KINDS) {
  const names = `profile names compiled code by the perf map, in memory of the kind "${kind}"`;
  test(names, { skip: requires(names, "speed") || onX86 }, async () => {
    await using program = await JitProgram.start(kind);
    program.writeMap();
    const args = ["-F", "997", "-U", "--json", "-p", String(program.pid)];
    await using tool = await startTool("profile", ...args);
    await program.does("run 300");
    await program[Symbol.asyncDispose](); // it has removed its map when names are asked for
    const sums = userSums(stacksOf(await stopTool(tool), program.pid), samples);
    assert.ok(share(sums, NAMED) > 0.8, JSON.stringify(sums));
  });
}

const fork = "profile names what a fork runs by the perf map of the process that compiled it";
test(fork, { skip: requires(fork, "speed") || onX86 }, async () => {
  await using program = await JitProgram.start("anon");
  await using tool = await startTool("profile", "-F", "997", "-U", "--json");
  program.writeMap();
  program.running.send("fork 300");
  const [, child] = await program.running.find("stdout", /child (\d+)\n/);
  await program.does("");
  const sums = userSums(stacksOf(await stopTool(tool), Number(child)), samples);
  assert.ok(share(sums, NAMED) > 0.8, JSON.stringify(sums));
});

const unshared = "profile names compiled code in a container, also when the container has ended";
test(unshared, { skip: requires(unshared, "speed") || onX86 }, async () => {
  const jit = buildProgram("jit.c", ["-O0"]);
  // By descriptor: the program itself may be below /tmp.
  const script = `exec 9<${jit}; mount -t tmpfs tmpfs /tmp; exec /proc/self/fd/9 anon`;
  const command = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", script];
  await using program = await JitProgram.of(command);
  assert.equal(program.pid, 1); // as it sees itself
  const parent = `/proc/${program.running.pid}`;
  const own = readFileSync(`${parent}/task/${program.running.pid}/children`, "utf8").trim();
  const pid = Number(own);
  writeFileSync(`/proc/${pid}/root/tmp/perf-1.map`, program.map);
  await using tool = await startTool("profile", "-F", "997", "-U", "--json", "-p", own);
  await program.does("run 300");
  await program[Symbol.asyncDispose]();
  const sums = userSums(stacksOf(await stopTool(tool), pid), samples);
  assert.ok(share(sums, NAMED) > 0.8, JSON.stringify(sums));
});
