/**
 * Entries of threads and processes in kernel maps are removed at their end, and drops by full maps are
 * reported.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { Bpf, chars, createMaps, struct, u32, u64 } from "../../mod.ts";
import { Output } from "../../toolkit/output/output.ts";
import { attachImages, imagePrograms } from "../../toolkit/stacks/images.ts";
import { Losses } from "../../toolkit/run/losses.ts";
import { TaskNames } from "../../toolkit/task/ended_names.ts";
import stackcount from "../../tools/stackcount/stackcount.bpf.o.ts";
import { buildProgram } from "../support/build.ts";
import { Disk } from "../support/disk.ts";
import { Running } from "../support/process.ts";
import { Script } from "../support/script.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";

/** Loads the programs of images.h alone. */
function loadImages(maxEntries: number): Bpf {
  using object = Bpf.open(stackcount);
  const others = [...object.programs.keys()].map((name) => [name, false]);
  const programs = { ...Object.fromEntries(others), ...imagePrograms(true) };
  return Bpf.load(stackcount, { programs, maps: { code_mappings: { maxEntries } } });
}

/** Starts a process that has mapped the C library, and waits. */
async function startCat(): Promise<Running> {
  const cat = Running.start(["sh", "-c", "echo begun; exec cat"]);
  await cat.find("stdout", /begun/);
  return cat;
}

interface Waits {
  readonly user?: string[] | null;
  readonly count: number;
  readonly what?: string;
  readonly total: number;
}

/** The loss messages, as JSON records and as lines on standard error. */
function told(act: (output: Output) => void): [records: unknown[], lines: string[]] {
  const [records, lines]: [unknown[], string[]] = [[], []];
  const output = new Output();
  output.line = (line) => void records.push(JSON.parse(line));
  const { error } = console;
  console.error = (line: string) => void lines.push(line);
  try {
    act(output);
  } finally {
    console.error = error;
  }
  return [records, lines];
}

test("stack tools forget what a process had mapped when it is gone", async () => {
  using bpf = loadImages(32768);
  attachImages(bpf);
  const known = bpf.map("code_mappings", u32, u32);
  // Three processes, because the kernel may miss an event, but hardly one of each.
  const cats = await Promise.all(Array.from({ length: 3 }, startCat));
  const pids = cats.map(({ pid }) => pid).filter((pid) => known.has(pid));
  assert.ok(pids.length > 0);
  for (const cat of cats) await cat[Symbol.asyncDispose]();
  // The kernel frees processes with a delay after wait().
  while (pids.every((pid) => known.has(pid))) await setTimeout(10);
  assert.equal(bpf.global("code_mappings_dropped", u64.asNumber).value, 0);
});

test("stack tools tell of processes whose mappings find no room", async () => {
  using bpf = loadImages(1);
  // Fills the only entry with process 1, which does not end.
  bpf.map("code_mappings", u32, u32).set(1, 1);
  attachImages(bpf);
  await using _cat = await startCat();
  const total = bpf.global("code_mappings_dropped", u64.asNumber).value;
  assert.ok(total > 0);
  const [[record], [line]] = told((output) => {
    const losses = new Losses("tool", true, output);
    losses.watchKernel(bpf);
    losses.reportEnd();
  });
  const { total: counted, ...rest } = record as { total: number };
  assert.deepEqual(rest, { record: "dropped", what: "mappings" });
  assert.ok(counted >= total);
  assert.match(line!, /^tool: dropped \d+ mappings in all: more processes map libraries than /);
});

test("names of the ended that found no room are counted", () => {
  const name = struct("ended_name", { comm: chars(16) });
  const [ended, unseen] = [0x7ffffff1, 0x7ffffff2];
  using maps = createMaps({
    ended_names: { type: "HASH", key: u32, value: name, maxEntries: 4 },
  });
  maps.map("ended_names", u32, name).set(ended, { comm: "ended" });
  const [full, roomy] = [1, 2].map((most) => new TaskNames(maps, { most }));
  for (const names of [full!, roomy!]) assert.equal(names.of(ended), "ended");
  assert.deepEqual([full!.forgotten, roomy!.forgotten], [0, 0]);
  for (const names of [full!, roomy!]) assert.equal(names.of(unseen), undefined);
  assert.deepEqual([full!.forgotten, roomy!.forgotten], [1, 0]);
});

test("stacks that the kernel had no room for are told as what they are", async () => {
  await using workload = await Script.start("for i in 1 2 3 4 5; do /bin/true; done"); // bash waits for each
  const pid = String(workload.pid);
  await using running = await startTool("offcputime", "-p", pid, "--stack-storage-size", "1");
  await workload.go();
  const { stdout, stderr } = await stopTool(running);
  assert.match(stderr, /^offcputime: dropped \d+ stacks.*: .*raise --stack-storage-size$/m);
  assert.match(stdout, /\[Missed (?:User|Kernel) Stack\]/);
});

test("profile tells what its sums had no room for, and the option that it names makes room", async () => {
  await using workload = await Script.start(
    "for i in {1..50}; do /bin/true; done",
  );
  const args = ["-K", "-F", "4999", "-p", String(workload.pid)];
  await using full = await startTool("profile", ...args, "--hash-storage-size", "1");
  await using roomy = await startTool("profile", ...args, "--hash-storage-size", "40960");
  await workload.go();
  const sentence =
    /^profile: dropped \d+ events .*: the kernel's map of sums was full: raise --hash-storage-size$/m;
  assert.match((await stopTool(full)).stderr, sentence);
  assert.doesNotMatch((await stopTool(roomy)).stderr, /dropped/);
});

test("the stacks that are told as dropped are as many as there were, not as their rows", async () => {
  const command = [buildProgram("thread_maker.c", ["-O0"]), "waits=31"];
  await using first = Running.start(command);
  await using second = Running.start(command);
  for (const waiting of [first, second]) await waiting.find("stdout", /^pid \d+$/m);
  await using running = await startTool("futexctn", "--json", "--stack-storage-size", "1");
  // Two processes with different stacks; the stack map has room for one.
  for (const waiting of [first, second]) {
    waiting.send();
    await waiting.result;
  }
  const rows = rowsOf<Waits>(await stopTool(running));
  const missed = rows.filter(({ user }) => user === null).map(({ count }) => count);
  // All 31 waits of one process are missing, except those that this machine hides (see
  // hidden_events.ts).
  assert.ok(missed.some((count) => count > 1), missed.join(" "));
  const dropped = rows.filter(({ what }) => what === "stacks").map(({ total }) => total);
  assert.deepEqual(dropped, [missed.reduce((sum, count) => sum + count, 0)]);
});

interface Latencies {
  readonly kernel?: string[] | null;
  readonly buckets: { readonly count: number }[];
  readonly what?: string;
  readonly total: number;
}

test("biostacks tells of as many dropped stacks as there were requests on them", async () => {
  using disk = new Disk();
  const settings = ["--json", "-d", disk.name, "--stack-storage-size", "1"];
  await using running = await startTool("biostacks", ...settings);
  // The stack map has room for the stack of writes or of reads. Others, such as udev, read block 0 as
  // well.
  await disk.write(31);
  await disk.read(37);
  const rows = rowsOf<Latencies>(await stopTool(running));
  const missed = rows.filter(({ kernel }) => kernel === null).flatMap(({ buckets }) => buckets)
    .reduce((sum, { count }) => sum + count, 0);
  assert.ok(missed >= 31, `${missed}`);
  const dropped = rows.filter(({ what }) => what === "stacks").map(({ total }) => total);
  assert.deepEqual(dropped, [missed]);
});

interface Check {
  readonly kernel?: string[];
  readonly user?: string[];
  readonly what?: string;
  readonly total: number;
}

test("rows tell of as many dropped stacks as they lack", async () => {
  const checked = "chroot / /bin/true; nice -n -1 /bin/true";
  await using workload = await Script.start(`for i in 1 2 3 4 5 6 7; do ${checked}; done`);
  await using running = await startTool("capable", "-KU", "--json", "--stack-storage-size", "1");
  await workload.go();
  const result = await stopTool(running);
  const rows = rowsOf<Check>(result);
  const missed = rows.flatMap(({ kernel = [], user = [] }) => [kernel[0], user[0]])
    .filter((name) => name?.startsWith("[Missed "));
  assert.ok(missed.length >= 7, `${missed.length}`);
  const dropped = rows.filter(({ what }) => what === "stacks").map(({ total }) => total);
  assert.equal(dropped.at(-1), missed.length);
  assert.match(result.stderr, /^capable: dropped \d+ stacks in all: .*--stack-storage-size/m);
});
