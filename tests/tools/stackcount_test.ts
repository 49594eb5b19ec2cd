import assert from "node:assert/strict";
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { onlineCpus, syscallFunction } from "../../mod.ts";
import type { Result } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { Script } from "../support/script.ts";
import { stacksProgram, startStacks } from "../support/stacks.ts";
import { rowsOf, runTool, startTool, stopTool } from "../support/tool.ts";
import { buildUsdt, UsdtProcess } from "../support/usdt.ts";
import { Folder } from "../support/workload.ts";

interface Row {
  readonly record: string;
  readonly pid?: number;
  readonly comm?: string;
  readonly count: number;
  readonly user?: readonly string[];
  readonly kernel?: readonly string[];
}

const NANOSLEEP = "t:syscalls:sys_enter_nanosleep";
const NAPPING = "inner_nap;outer_nap;main";

const start = (...args: string[]) => startTool("stackcount", ...args);
const stacksOf = (result: Result) => rowsOf<Row>(result).filter(({ record }) => record === "stack");

/** Counts by user stack, innermost frame first, up to main. */
function countsOf(rows: readonly Row[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const { user = [], count } of rows) {
    const name = user.slice(0, user.indexOf("main") + 1 || user.length).join(";");
    counts[name] = (counts[name] ?? 0) + count;
  }
  return counts;
}

test("stackcount counts a tracepoint by stack, user and kernel, of one process", async () => {
  await using naps = await startStacks(["nap=53:100"]);
  await using other = await startStacks(["nap=7:100"]);
  await using tool = await start("--json", "-i", "0.1", "-p", String(naps.pid), NANOSLEEP);
  await naps.go();
  await other.go();
  const rows = stacksOf(await stopTool(tool));
  assert.deepEqual(countsOf(rows), { [NAPPING]: 53 });
  for (const { pid, comm, kernel } of rows) {
    assert.deepEqual([pid, comm], [naps.pid, "stacks"]);
    // Linux 6.1 gives programs at these tracepoints only the user registers: no kernel stack.
    const isCall = kernel!.some((name) => /syscall/i.test(name));
    assert.ok(isCall || kernel!.length === 0, String(kernel));
    assert.ok(kernel!.every((name) => !/bpf/.test(name)), String(kernel));
  }
});

const user = "stackcount counts user functions by stack, in processes apart or together";
test(user, { skip: requires(user, "speed") }, async () => {
  using folder = new Folder();
  const path = join(folder.path, "stacks");
  copyFileSync(stacksProgram(), path);
  await using one = await startStacks(["nap=53:100", "named=1"], path);
  await using two = await startStacks(["nap=11:100", "child=nap=13:100"], path);
  // --stack-walk fp, because a process's first stacks are walked by frame pointers, until the tool
  // has read its tables.
  await using together = await start("--json", "-U", "--stack-walk", "fp", `${path}:*_nap`);
  await using apart = await start("--json", "-P", "--stack-walk", "fp", `${path}:inner_nap`);
  await using readable = await start("--json", "-p", String(one.pid), `${path}:ns::Worker::*`);
  await one.go();
  const child = Number(/child (\d+)/.exec(await two.go())![1]);
  const [all, each, named] = (await Promise.all([together, apart, readable].map(stopTool)))
    .map(stacksOf) as [Row[], Row[], Row[]];
  // The processes have the same stacks, so their counts are summed.
  assert.deepEqual(countsOf(all), { [NAPPING]: 77, "outer_nap;main": 77 });
  assert.equal(all.length, 2);
  assert.ok(all.every((row) => row.pid === undefined && row.kernel === undefined));
  const counts = each.map(({ pid, comm, user, count }) => [pid, comm, user![0], count]);
  assert.deepEqual(
    counts.sort(),
    [
      [one.pid, "stacks", "inner_nap", 53],
      [two.pid, "stacks", "inner_nap", 11],
      [child, "stacks", "inner_nap", 13],
    ].sort(),
  );
  assert.deepEqual(countsOf(named), { "ns::Worker::turn(unsigned long);main": 1 });
});

const usdt = "stackcount counts USDT probes by stack";
test(usdt, { skip: requires(usdt, "speed") }, async () => {
  await using probes = await UsdtProcess.start();
  await using tool = await start("--json", "-p", String(probes.pid), `u:${buildUsdt()}:t*`);
  await probes.fire(7);
  const rows = stacksOf(await stopTool(tool));
  const byName = Map.groupBy(rows, ({ user }) => user![0]);
  const counts = [...byName].map(([name, rows]) => [name, rows.map(({ count }) => count).sort()]);
  // The probe has two locations; the function with them was inlined into its caller and is still
  // found.
  assert.deepEqual(new Map(counts as [string, number[]][]).get("fire_twice"), [7, 7]);
  assert.equal(rows.reduce((sum, { count }) => sum + count, 0), 28);
});

const kernel = "stackcount counts kernel functions by stack";
test(kernel, { skip: requires(kernel, "kprobe") }, async () => {
  await using naps = await startStacks(["nap=53:100"]);
  await using other = await startStacks(["nap=7:100"]);
  const name = syscallFunction("nanosleep");
  await using tool = await start("--json", "-p", String(naps.pid), name);
  await naps.go();
  await other.go();
  const rows = stacksOf(await stopTool(tool));
  assert.deepEqual(countsOf(rows), { [NAPPING]: 53 });
  assert.deepEqual(rows.map(({ kernel }) => kernel![0]), [name]);
});

const text = "stackcount prints bcc's stacks, in full and folded";
test(text, { skip: requires(text, "speed") }, async () => {
  const cpu = String(onlineCpus()[0]);
  const command = ["taskset", "-c", cpu, stacksProgram(), "nap=5:100"];
  await using naps = await Script.of(command);
  const only = ["-p", String(naps.pid), NANOSLEEP];
  await using full = await start("-T", "-d", "-s", "-v", ...only);
  await using folded = await start("-f", "-d", "-c", cpu, ...only);
  await using apart = await start("-P", "-U", NANOSLEEP);
  await using elsewhere = await start("-f", "-c", String(onlineCpus().at(-1)), ...only);
  await naps.go();
  const frame = "  ffff[0-9a-f]{12} +\\S+\\+0x[0-9a-f]+\n";
  assert.match(
    (await stopTool(full)).stdout,
    new RegExp(
      `^Tracing 1 functions for "${NANOSLEEP}"\\.\\.\\. Hit Ctrl-C to end\\.\n\n` +
        `\\d\\d:\\d\\d:\\d\\d\n(${frame})+    --\n  [0-9a-f]{12} {5}inner_nap\\+0x\\S+\n` +
        "  [0-9a-f]{12} {5}outer_nap\\+0x\\S+\n  [0-9a-f]{12} {5}main\\+0x\\S+\n(  \\S+ +\\S+\n)*" +
        "    5\n\nDetaching\\.\\.\\.\n$",
    ),
  );
  const line = /^stacks;(\S+;)?main;outer_nap;inner_nap;-;entry_SYSCALL\S+;\S+ 5\n$/;
  assert.match((await stopTool(folded)).stdout, line);
  assert.match(
    (await stopTool(apart)).stdout,
    new RegExp(
      `\n  inner_nap\n  outer_nap\n  main\n(  \\S+\n)*    stacks \\[${naps.pid}\\]\n    5\n\n`,
    ),
  );
  const { stdout } = await stopTool(elsewhere);
  if (onlineCpus().length > 1) assert.equal(stdout, "");
});

const graphs = "stackcount --svg and --html write flame graphs in place of text";
test(graphs, { skip: requires(graphs, "speed") }, async () => {
  using folder = new Folder();
  const [svg, html] = ["out.svg", "out.html"].map((name) => join(folder.path, name));
  await using naps = await startStacks(["nap=53:100"]);
  const files = ["--svg", svg!, "--html", html!];
  await using tool = await start(...files, "-U", "-p", String(naps.pid), NANOSLEEP);
  await naps.go();
  const { stdout } = await stopTool(tool);
  assert.match(stdout, /out\.svg: 53 count\n.*out\.html: 53 count\nDetaching\.\.\.\n$/);
  assert.match(readFileSync(svg!, "utf8"), /<title>inner_nap \(53 count/);
  assert.match(readFileSync(html!, "utf8"), /"inner_nap"/);
});

const arguments_ = "stackcount says that no function matches";
test(arguments_, { skip: requires(arguments_, "speed") }, async () => {
  const { status, stderr } = await runTool("stackcount", "c:no_such");
  assert.equal(status, 1);
  assert.match(stderr, /^stackcount: Cannot trace "c:no_such": no function of \S+ matches: /);
});
