import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { PROJECT } from "../support/build.ts";
import type { Result } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { RUNTIME } from "../support/runtime.ts";
import { Script } from "../support/script.ts";
import {
  type StackRow,
  stacksOf,
  stacksProgram,
  startStacks,
  userSums,
} from "../support/stacks.ts";
import { runTool, startTool, stopTool } from "../support/tool.ts";
import { Folder } from "../support/workload.ts";

const samples = ({ samples = 0 }: StackRow) => samples;

/** The number of samples by user stack of a process, from main on. */
const sampled = (result: Result, pid: number) => userSums(stacksOf(result, pid), samples);

/** Runs steps of stacks.c under profile. */
async function profiled(args: string[], steps: string[], program?: string) {
  await using workload = await startStacks(steps, program);
  await using tool = await startTool("profile", ...args, "-p", String(workload.pid));
  const output = await workload.go();
  rmSync(`/tmp/perf-${workload.pid}.map`, { force: true });
  return { result: await stopTool(tool), pid: workload.pid, output };
}

test("profile shares samples among known stacks as their work is shared", async () => {
  const { result, pid } = await profiled(["-F", "997", "-U", "--json"], ["spin=400"]);
  const sums = sampled(result, pid);
  const [three, one] = ["three_parts", "one_part"].map((name) =>
    sums[`main;outer;middle;${name}`] ?? 0
  ) as [number, number];
  const all = Object.values(sums).reduce((a, b) => a + b, 0);
  assert.ok(all > 100, JSON.stringify(sums));
  // Binomial with p = 3/4: allows five standard deviations, and 2 % for disturbances.
  const allowed = 5 * Math.sqrt(three + one) * Math.sqrt(3) / 4 + 0.02 * all;
  assert.ok(Math.abs(three - (three + one) * 3 / 4) < allowed, JSON.stringify(sums));
  assert.ok(three + one > 0.9 * all, JSON.stringify(sums));
  assert.equal(stacksOf(result, pid + 1).length, 0);
});

const kinds = "profile names C++ and Rust functions, and code made at run time, -f folds";
test(kinds, { skip: requires(kinds, "speed") }, async () => {
  await using workload = await startStacks(["named=200", "rust=200", "jit=400", "named=1"]);
  await using tool = await startTool("profile", "-F", "997", "-f", "-p", String(workload.pid));
  await workload.go();
  const { stdout } = await stopTool(tool);
  rmSync(`/tmp/perf-${workload.pid}.map`);
  assert.match(stdout, /^stacks;[^ ]+;main;ns::Worker::turn\(unsigned long\) \d+$/m);
  assert.match(stdout, /^stacks;[^ ]+;main;app::worker::turn;app::worker::turn_on \d+$/m);
  assert.match(stdout, /^stacks;[^ ]+;main;run_jit;jit_turn \d+$/m);
  // Every line has the comm, frames and a number; the last line has the highest number.
  const lines = stdout.trimEnd().split("\n").map((line) => /^[^;]+(;[^;]+)+ (\d+)$/.exec(line));
  assert.ok(lines.every((line) => line));
  const sums = lines.map((line) => Number(line![2]));
  assert.deepEqual(sums, sums.toSorted((a, b) => a - b));
});

const OURS = join(PROJECT, ".tools/bin/deno");
const DENO = RUNTIME === "Deno" ? process.execPath : existsSync(OURS) ? OURS : "deno";
/**
 * A JavaScript program that prints its pid, waits for a line, and spins in functions of its own.
 */
const SCRIPT = `
function inner(turns) { let x = 1; for (let i = 0; i < turns; i++) x = x * 31 + i | 0; return x; }
function outer() { for (let i = 0; i < 30; i++) inner(1e7); }
console.log("pid " + process.pid);
process.getBuiltinModule("node:fs").readSync(0, new Uint8Array(1));
outer();`;

const script = "profile names functions of a script by the perf map that Deno writes";
test(script, { skip: requires(script, "speed") }, async () => {
  using folder = new Folder();
  const path = join(folder.path, "spin.js");
  writeFileSync(path, SCRIPT);
  const maps = "--v8-flags=--perf-basic-prof,--interpreted-frames-native-stack";
  // V8 writes a log to its current folder.
  const command = ["env", "--chdir", folder.path, DENO, "run", "--allow-all", maps, path];
  await using workload = await Script.of(command);
  const pid = String(workload.pid);
  await using tool = await startTool("profile", "-F", "997", "-U", "-f", "-p", pid);
  await workload.go();
  const { stdout } = await stopTool(tool);
  rmSync(`/tmp/perf-${pid}.map`);
  let [inOrder, all] = [0, 0];
  for (const [, frames, samples] of stdout.matchAll(/^(.*) (\d+)$/gm)) {
    if (/;JS:.outer file:.*;JS:o?.inner file:/.test(frames!)) inOrder += Number(samples);
    all += Number(samples);
  }
  assert.ok(all > 100 && inOrder > 0.8 * all, stdout);
});

test("profile names functions of a child that lives for some milliseconds", async () => {
  await using workload = await startStacks(["child=named=10"]);
  await using tool = await startTool("profile", "-c", "200000", "-U", "--json");
  const child = Number(/child (\d+)/.exec(await workload.go())![1]);
  const sums = sampled(await stopTool(tool), child);
  assert.ok(sums["main;ns::Worker::turn(unsigned long)"]! > 20, JSON.stringify(sums));
  // Samples before exec, in the program that it was forked from, may have other names.
  assert.equal(Object.keys(sums).filter((name) => /turn/.test(name)).length, 1);
});

const bare = "profile is sure of the innermost function without frame pointers";
test(bare, { skip: requires(bare, "speed") }, async () => {
  const program = stacksProgram(["-fomit-frame-pointer"]);
  const { result, pid } = await profiled(["-F", "997", "--json"], ["spin=400"], program);
  const innermost: Record<string, number> = {};
  for (const row of stacksOf(result, pid)) {
    const name = row.user?.[0] ?? "";
    innermost[name] = (innermost[name] ?? 0) + samples(row);
  }
  const all = Object.values(innermost).reduce((a, b) => a + b, 0);
  assert.ok(innermost.three_parts! + innermost.one_part! > 0.9 * all, JSON.stringify(innermost));
});

const text = "profile prints bcc's stacks, in full and with addresses";
test(text, { skip: requires(text, "speed") }, async () => {
  const { result: { stdout }, pid } = await profiled(["-F", "997", "-A"], ["spin=300"]);
  const [intro, ...rest] = stdout.split("\n");
  assert.equal(
    intro,
    `Sampling at 997 Hertz of PID [${pid}] by user + kernel stack... Hit Ctrl-C to end.`,
  );
  const [, frames, comm, count] =
    /\n\n((?: {4}0x\S+ +\S+ \[\S+\]\n)+) {4}- {16}(\S+) \(\d+\)\n {8}(\d+)\n\n$/.exec(
      rest.join("\n"),
    )!;
  assert.ok(Number(count) > 0);
  assert.equal(comm, "stacks");
  const names = frames!.trimEnd().split("\n").map((line) =>
    /0x[0-9a-f]{16} (\w+)\+0x/.exec(line)![1]
  );
  assert.deepEqual(names.slice(0, 4), ["three_parts", "middle", "outer", "main"]);
});

const filters = "profile -p and -L leave other processes out, -K user stacks, -C other CPUs";
test(filters, { skip: requires(filters, "speed") }, async () => {
  await using wanted = await startStacks(["spin=200"]);
  await using other = await startStacks(["spin=200"]);
  await using byThread = await startTool("profile", "-L", `${wanted.pid},1`, "--json", "-U");
  await using kernel = await startTool("profile", "-K", "--json", "-F", "997", "-I", "-C", "0");
  await wanted.go();
  await other.go();
  const result = await stopTool(byThread);
  assert.ok(stacksOf(result, wanted.pid).length > 0);
  assert.equal(stacksOf(result, other.pid).length, 0);
  const rows = (await stopTool(kernel)).stdout.trim().split("\n").map((line) =>
    JSON.parse(line) as StackRow
  );
  assert.ok(rows.length > 0 && rows.every((row) => row.user === undefined && row.kernel));
});

const graphs =
  "profile --svg and --html draw, as wide as work is, and --compare tells what changed";
test(graphs, { skip: requires(graphs, "speed") }, async () => {
  using folder = new Folder();
  const [svg, html, folded] = ["out.svg", "out.html", "folded"].map((name) =>
    join(folder.path, name)
  ) as [string, string, string];
  writeFileSync(folded, "stacks;gone 7\n");
  const args = ["-F", "997", "-U", "--svg", svg, "--html", html, "--compare", folded];
  const { result: { stdout } } = await profiled(args, ["spin=400"]);
  const [, total] = /out\.svg: (\d+) samples, before: 7\n.*out\.html: \1 samples, before: 7\n$/
    .exec(stdout)!;
  const picture = readFileSync(svg, "utf8");
  const width = (name: string) =>
    Number(
      new RegExp(`<title>${name} \\([^<]*</title><rect [^>]* width="([\\d.]+)"`).exec(picture)?.[1],
    );
  const [three, one, whole] = ["three_parts", "one_part", "all"].map(width) as [
    number,
    number,
    number,
  ];
  assert.ok(three + one > 0.9 * whole, picture);
  // Allows five standard deviations of a share of 3/4, and 2 % for disturbances.
  const allowed = 5 * Math.sqrt(3 / 16 / Number(total)) + 0.02;
  assert.ok(Math.abs(three / (three + one) - 3 / 4) < allowed, picture);
  assert.match(picture, />7 samples: stacks;gone</);
  assert.match(readFileSync(html, "utf8"), /"three_parts"/);
});

const ends = "profile ends after the seconds it was given, and refuses files it cannot write";
test(ends, { skip: requires(ends, "speed") }, async () => {
  await using tool = await startTool("profile", "0.2", "-f");
  const { status, stdout, stderr } = await tool.result;
  assert.equal(status, 0, stderr);
  assert.doesNotMatch(stdout, /^Sampling/);
  await assert.rejects(
    startTool("profile", "--svg", "/nonexistent/flame.svg"),
    /profile: Cannot write to "\/nonexistent\/flame\.svg": [^\n]*\(ENOENT\)/,
  );
  assert.ok(!existsSync("/nonexistent"));
  using folder = new Folder();
  const [svg, text] = ["flame.svg", "no.folded"].map((name) => join(folder.path, name));
  writeFileSync(text!, "stacks;main 1\nSampling...\n");
  const refused = await runTool("profile", "--svg", svg!, "--compare", text!);
  assert.equal(
    refused.stderr,
    `profile: Cannot compare with "${text}": line 2 is no folded stack: give what -f/--folded has ` +
      "printed\n",
  );
});
