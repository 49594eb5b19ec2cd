import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { buildProgram } from "../support/build.ts";
import { TestCgroup } from "../support/cgroup.ts";
import { type Result, Running } from "../support/process.ts";
import { FILTERS, strangerIn } from "../support/filter_matrix.ts";
import { requires } from "../support/requires.ts";
import { Script } from "../support/script.ts";
import { rowsOf, runTool, startTool, stopTool } from "../support/tool.ts";
import { Folder } from "../support/workload.ts";

/** The path of leaks.c, compiled so that every function has a frame. */
const program = () => buildProgram("leaks.c", ["-O0"]);

const command = () => ["-c", `${program()} -`];
/** Arguments to trace the custom allocator of leaks.c, which has only a few of the functions. */
const toys = () => ["-O", program(), "--symbols-prefix", "toy_"];

interface Row {
  readonly record: string;
  readonly bytes: number;
  readonly count: number;
  readonly size: number;
  readonly user?: readonly string[] | null;
  readonly kernel?: readonly string[] | null;
  readonly event?: string;
  readonly stacks?: number;
  readonly total?: number;
}

/** Outstanding allocations by the allocating function: "COUNT: BYTES" for each stack. */
function leaksOf(result: Result): Record<string, string> {
  const leaks: Record<string, string[]> = {};
  for (const { record, bytes, count, user } of rowsOf<Row>(result)) {
    if (record !== "stack" || !/^leak_/.test(user?.[0] ?? "")) continue;
    (leaks[user![0]!] ??= []).push(`${count}: ${bytes}`);
  }
  return Object.fromEntries(
    Object.entries(leaks).sort().map(([name, places]) => [name, places.sort().join(", ")]),
  );
}

/** The expected leaks, as in the comments of leaks.c. */
const LEAKS = {
  leak_aligned: "1: 619, 2: 1202, 3: 1821, 5: 3065, 7: 4319",
  leak_elsewhere: `7: ${7 * 307}`,
  leak_fixed: `1: ${4 * 4096}`,
  leak_from_nothing: `3: ${3 * 77}`,
  leak_grown: `5: ${5 * 4099}`,
  leak_large: `2: ${2 * 3000017}`,
  leak_mapped: `3: ${3 * 12288}`,
  leak_remapped: `1: ${8 * 4096}`,
  leak_reserved: `2: ${(4 + 40) * 4096}`,
  leak_small: `53: ${53 * 1009}`,
  leak_ungrown: "1: 67",
  leak_zeroed: `7: ${7 * 143}`,
};

const TOYS = { leak_more_toys: `5: ${5 * 43}`, leak_toys: `9: ${9 * 41}` };

test("memleak -p counts what a process has left when it ends, by stack, to the byte", async () => {
  await using workload = await Script.of([program()]);
  await using other = await Script.of([program()]);
  const args = ["-p", String(workload.pid), "--json", "-a", "-T", "100", "3600"];
  await using tool = await startTool("memleak", ...args);
  await Promise.all([workload.go(), other.go()]);
  const result = await stopTool(tool);
  assert.deepEqual(leaksOf(result), LEAKS);
  const rows = rowsOf<Row>(result);
  const small = rows.find(({ user }) => user?.[0] === "leak_small")!;
  assert.deepEqual(small.user!.slice(0, 2), ["leak_small", "main"]);
  const sizes = rows.filter(({ record }) => record === "allocation").map(({ size }) => size);
  assert.deepEqual(sizes, sizes.toSorted((a, b) => a - b));
  assert.equal(sizes.filter((size) => size === 1009).length, 53);
  // Sizes of blocks that were freed or moved, or whose allocation failed.
  for (const size of [1013, 101, 71]) assert.ok(!sizes.includes(size), String(size));
  assert.equal(sizes.length, rows.reduce((sum, { count = 0 }) => sum + count, 0));
});

test("memleak -c counts a command's from its beginning, --combined-only as well", async () => {
  const args = ["--combined-only", "--json", "-T", "100", "--sort", "count"];
  const result = await runTool("memleak", ...command(), ...args);
  assert.deepEqual([result.status, result.stderr], [0, ""]);
  assert.deepEqual(leaksOf(result), LEAKS);
  assert.equal(rowsOf<Row>(result).at(-1)!.user![0], "leak_small");
});

const text = "memleak prints bcc's text: the largest stacks of those sizes, of each 5th allocation";
test(text, { skip: requires(text, "speed") }, async () => {
  const args = [...command(), ...toys(), "-a", "-Z", "42", "-s", "5", "-T", "3"];
  const { stdout } = await runTool("memleak", ...args);
  const [intro, head, ...rest] = stdout.split("\n");
  assert.equal(intro, `Executing '${program()} -' and tracing the resulting process.`);
  assert.match(head!, /^\[\d\d:\d\d:\d\d\] Top 3 stacks with outstanding allocations:$/);
  // Every fifth of 13 allocations: the 1st, which was freed, the 6th and the 11th.
  for (const line of rest.slice(0, 2)) assert.match(line, /^ {8}addr = [0-9a-f]+ size = 41$/);
  assert.equal(rest[2], "        82 bytes in 2 allocations from stack");
  assert.match(rest[3]!, /^ {16}0x[0-9a-f]{16} {6}leak_toys\+0x[0-9a-f]+ \[.*leaks\.c-.*\]$/);
  assert.match(rest[4]!, /^ {16}0x[0-9a-f]{16} {6}main\+0x[0-9a-f]+ \[/);
});

const rows = "memleak -t prints every call of those sizes";
test(rows, { skip: requires(rows, "speed") }, async () => {
  const args = [...command(), ...toys(), "-t", "-Z", "42", "--json"];
  const counts: Record<string, number> = {};
  for (const { event, size } of rowsOf<Row>(await runTool("memleak", ...args))) {
    const key = `${event} ${size}`;
    counts[key] = (counts[key] ?? 0) + 1;
  }
  const expected = { "alloc entered 41": 13, "alloc exited 41": 13, "free entered 41": 4 };
  assert.deepEqual(counts, expected);
});

const drawn = "memleak -f folds, and --svg draws";
test(drawn, { skip: requires(drawn, "speed") }, async () => {
  using folder = new Folder();
  const svg = join(folder.path, "leaks.svg");
  const args = [...command(), ...toys(), "-z", "42", "-f", "--svg", svg];
  const { stdout } = await runTool("memleak", ...args);
  assert.match(stdout, /leaks\.svg: 215 bytes\n[^;\n]+;[^\n]*;main;leak_more_toys 215\n$/);
  assert.match(readFileSync(svg, "utf8"), /<title>leak_more_toys \(215 bytes, 100\.0%\)<\/title>/);
});

const limits = "memleak leaves out what is younger than -o, and tells what it had no room for";
test(limits, { skip: requires(limits, "speed") }, async () => {
  await using workload = await Script.of([program()]);
  const args = ["-p", String(workload.pid), "--json", ...toys(), "3600"];
  await using young = await startTool("memleak", ...args, "-o", "3600000");
  await using small = await startTool("memleak", ...args, "--alloc-storage-size", "5");
  await workload.go();
  assert.equal((await stopTool(young)).stdout, "");
  const result = await stopTool(small);
  assert.deepEqual(leaksOf(result), { leak_toys: `5: ${5 * 41}` });
  assert.equal(rowsOf<Row>(result).find(({ record }) => record === "dropped")!.total, 4 + 5);
  assert.match(
    result.stderr,
    /^memleak: dropped 9 allocations so far: .* --alloc-storage-size has room/m,
  );
});

const containers = "memleak's filters by container match what they should, and hide the rest";
test(containers, { skip: requires(containers, "speed", "full") }, async () => {
  await using stack = new AsyncDisposableStack();
  const cgroup = stack.use(new TestCgroup("memleak-in"));
  const empty = stack.use(new TestCgroup("memleak-out"));
  const workload = stack.use(await Script.of([program()]));
  cgroup.add(workload.pid);
  const place = { job: workload, cgroup, empty, stranger: await strangerIn(stack), stack };
  const start = (option: string, value: string | number) =>
    startTool(
      "memleak",
      ...[
        "-p",
        String(workload.pid),
        "--json",
        ...toys(),
        option,
        String(value),
        "-T",
        "100",
        "3600",
      ],
    );
  const started = [];
  for (
    const [key, option] of Object.entries({
      cgroup: "--cgroup",
      cgroupMap: "--cgroupmap",
      mntnsMap: "--mntnsmap",
      pidns: "--pidns",
    })
  ) {
    const [match, miss] = FILTERS[key]!(place);
    started.push({ option, matching: stack.use(await start(option, match)) });
    // Not for --pidns: with it -p takes a pid of that namespace.
    if (key === "pidns") continue;
    started.push({ option, missing: stack.use(await start(option, miss)) });
  }
  await workload.go();
  for (const { option, matching, missing } of started) {
    const leaks = leaksOf(await stopTool((matching ?? missing)!));
    assert.deepEqual(leaks, matching ? TOYS : {}, option);
  }
});

/**
 * Kernel allocations of a process in a cgroup that are outstanding, with a given function on the
 * stack.
 */
async function kept(args: readonly string[], size: number, caller: string): Promise<number[]> {
  using cgroup = new TestCgroup(`memleak-${size}`);
  await using workload = Running.start([program(), "kernel"]);
  await using other = Running.start([program(), "kernel"]);
  for (const each of [workload, other]) await each.find("stdout", /^pid \d+\n/);
  cgroup.add(workload.pid);
  const sizes = ["-z", String(size), "-Z", String(size), "--cgroup", cgroup.path];
  await using tool = await startTool("memleak", ...args, ...sizes, "-o", "0", "-T", "1000", "3600");
  for (const each of [workload, other]) {
    each.send();
    await each.find("stdout", /^done$/m);
  }
  const stacks = rowsOf<Row>(await stopTool(tool))
    .filter(({ kernel }) => kernel?.some((name) => name.startsWith(caller)));
  for (const each of [workload, other]) each.send();
  await Promise.all([workload.result, other.result]);
  return [stacks.length, ...stacks.map(({ bytes, count }) => [bytes, count]).flat()];
}

test("memleak counts what the kernel keeps, by stack", async () => {
  assert.deepEqual(await kept(["--json"], 256, "do_msgsnd"), [1, 30 * 256, 30]);
});

test("memleak --percpu counts what the kernel keeps on each CPU", async () => {
  assert.deepEqual(await kept(["--json", "--percpu"], 1016, "array_map_alloc"), [1, 53 * 1016, 53]);
});

const arguments_ = "memleak says what it cannot trace";
test(arguments_, { skip: requires(arguments_, "speed") }, async () => {
  const failures = [
    [["-p", "4194304"], "memleak: Cannot trace process 4194304: it does not exist\n"],
    [["-c", "true", "-O", "z"], /^memleak: Cannot trace allocations: "z" has no function malloc: /],
  ] as const;
  for (const [args, expected] of failures) {
    const { status, stderr } = await runTool("memleak", ...args);
    assert.equal(status, 1);
    if (typeof expected === "string") assert.equal(stderr, expected);
    else assert.match(stderr, expected);
  }
});
