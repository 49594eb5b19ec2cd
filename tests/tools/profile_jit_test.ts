import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { buildProgram } from "../support/build.ts";
import { javaCommand } from "../support/languages.ts";
import { JIT_KINDS, JitProgram } from "../support/jit.ts";
import { run, Running } from "../support/process.ts";
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
    await program[Symbol.asyncDispose](); // removes the program's perf map before the tool resolves names
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
  // Executed by a descriptor, because the program may be below /tmp, which is mounted over.
  const script = `exec 9<${jit}; mount -t tmpfs tmpfs /tmp; exec /proc/self/fd/9 anon`;
  const command = ["unshare", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", script];
  await using program = await JitProgram.of(command);
  assert.equal(program.pid, 1); // its pid in its own namespace
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

const JAVA = "profile names what OpenJDK has compiled once jcmd has had it write its perf map";
test(JAVA, { skip: requires(JAVA, "speed", "java", "javac", "full") }, async () => {
  await using java = Running.start(javaCommand("Hot", "-XX:+PreserveFramePointer"));
  await java.find("stdout", /^pid \d+$/m);
  const works = async (milliseconds: number, times: number) => {
    java.send(String(milliseconds));
    await java.find("stdout", new RegExp(`(done \\S+\\s+){${times}}`));
  };
  await works(1000, 1); // runs long enough to be JIT-compiled
  await using tool = await startTool(
    "profile",
    "-F",
    "997",
    "-U",
    "--json",
    "-p",
    String(java.pid),
  );
  const { status, stderr } = await run(["jcmd", String(java.pid), "Compiler.perfmap"]);
  assert.equal(status, 0, stderr);
  await works(300, 2);
  const rows = stacksOf(await stopTool(tool), java.pid);
  rmSync(`/tmp/perf-${java.pid}.map`);
  const inner = rows.filter(({ user }) =>
    /^long Hot\.(inner|outer)\(long\)$/.test(user?.[0] ?? "")
  );
  const sum = (of: readonly StackRow[]) => of.reduce((all, row) => all + samples(row), 0);
  assert.ok(sum(inner) > 0.5 * sum(rows), JSON.stringify(rows.map(({ user }) => user?.[0])));
  for (const { user } of inner) {
    assert.ok(user!.some((name) => /^JavaMain$/.test(name)), String(user));
  }
});
