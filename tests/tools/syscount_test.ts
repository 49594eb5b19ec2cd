import assert from "node:assert/strict";
import { test } from "node:test";
import { buildProgram } from "../support/build.ts";
import { type Result, Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { Script } from "../support/script.ts";
import { rowsOf, runTool, startTool, stopTool } from "../support/tool.ts";

interface Row {
  syscall?: string;
  pid?: number;
  comm?: string;
  count: number;
  time_us?: number;
}

const workload = (...steps: string[]) => Script.of([buildProgram("calls.c"), ...steps]);

/** Runs the tool several times at once, with different options, on the same calls. */
async function count(
  steps: readonly string[],
  ...options: ((pid: string) => string[])[]
): Promise<Result[]> {
  await using calls = await workload(...steps);
  const tools: Running[] = [];
  for (const args of options) {
    tools.push(await startTool("syscount", ...args(String(calls.pid))));
  }
  await calls.go();
  return await Promise.all(tools.map(stopTool));
}

/** The count of a system call, summed over all reports. */
function countOf(result: Result, syscall: string): number {
  const rows = rowsOf<Row>(result).filter((row) => row.syscall === syscall);
  return rows.reduce((sum, row) => sum + row.count, 0);
}

test("syscount counts 97 calls that succeed and 13 that fail, exactly", async () => {
  const json = (...args: string[]) => (pid: string) => ["--json", "-p", pid, ...args];
  const results = await count(
    ["getpgid=97", "missing=13", "sleep=7"],
    json(),
    json("-x"),
    json("-e", "ESRCH"),
    json("-e", "1"),
    json("--syscall", "nanosleep"),
    json("--syscall", "getppid"),
  );
  const counts = results.map((result) =>
    ["getpgid", "nanosleep"].map((call) => countOf(result, call))
  );
  assert.deepEqual(counts, [[110, 7], [13, 0], [13, 0], [0, 0], [0, 7], [0, 0]]);
});

test("syscount -P and -c count one process's children, -p and -t nobody else", async () => {
  await using calls = await workload("getpgid=11", "child", "getpgid=97");
  const results = [];
  for (const filter of ["-c", "-p", "-t"]) {
    const args = ["--json", "-P", "--syscall", "getpgid", filter, String(calls.pid)];
    results.push(await startTool("syscount", ...args));
  }
  const said = await calls.go();
  const child = Number(/pid (\d+)/.exec(said)![1]);
  const [children, process, thread] = await Promise.all(results.map(stopTool));
  const rows = (result: Result) => rowsOf<Row>(result).map(({ pid, count }) => ({ pid, count }));
  assert.deepEqual(rows(children!), [{ pid: child, count: 97 }]);
  assert.deepEqual(rows(process!), [{ pid: calls.pid, count: 11 }]);
  assert.deepEqual(rows(thread!), rows(process!));
});

test("syscount -L sums what calls took, and -m tells it in milliseconds", {
  skip: requires("syscount -L sums what calls took, and -m tells it in milliseconds", "speed"),
}, async () => {
  const [sleeps, table] = await count(
    ["sleep=97", "getpgid=13"],
    (pid) => ["--json", "-L", "-p", pid, "--syscall", "nanosleep"],
    (pid) => ["-L", "-m", "-p", pid, "-T", "1"],
  );
  const [row, ...rest] = rowsOf<Row>(sleeps!);
  assert.deepEqual([row!.syscall, row!.count, rest], ["nanosleep", 97, []]);
  assert.ok(row!.time_us! >= 97 * 1000);
  assert.match(
    table!.stdout,
    new RegExp(
      "^Tracing syscalls, printing top 1\\.\\.\\. Ctrl\\+C to quit\\.\n\\[\\d\\d:\\d\\d:\\d\\d\\]\n" +
        "SYSCALL {19}COUNT {8}TIME \\(ms\\)\n" +
        "nanosleep {20}97 {4,}\\d+\\.\\d{6}\n\n$",
    ),
  );
});

test("syscount loses nothing between intervals", async () => {
  const calls = 100_003;
  const [result] = await count([`getpgid=${calls}`], (pid) => ["--json", "-i", "0.01", "-p", pid]);
  assert.equal(countOf(result!, "getpgid"), calls);
});

test("syscount -i and -d print no more reports than fit", {
  skip: requires("syscount -i and -d print no more reports than fit", "speed"),
}, async () => {
  const { stdout } = await runTool("syscount", "-P", "-i", "0.1", "-d", "0.3");
  const reports = stdout.match(/^PID {4}COMM {15}COUNT$/gm)!.length;
  assert.ok(reports >= 1 && reports <= 3, stdout); // a slow machine makes fewer
});

const COMPAT = "syscount shows calls of 32 bit programs by number";
test(COMPAT, { skip: requires(COMPAT, "compatCalls") }, async () => {
  const [result] = await count(["foreign=13"], (pid) => ["--json", "-p", pid]);
  assert.equal(countOf(result!, "[32 bit: 20]"), 13);
});

test("syscount agrees with libbpf-tools' syscount", {
  skip: requires("syscount agrees with libbpf-tools' syscount", "speed"),
}, async () => {
  await using calls = await workload("getpgid=97", "missing=13", "sleep=7");
  const pid = String(calls.pid);
  await using ours = await startTool("syscount", "-x", "-p", pid);
  const command = ["stdbuf", "-oL", "/usr/sbin/syscount", "-x", "-p", pid];
  await using theirs = Running.start(command);
  await theirs.find("stdout", /Tracing/);
  await calls.go();
  theirs.kill("SIGINT");
  const normal = (text: string) =>
    text.split("\n").map((line) => line.trim().split(/\s+/).join(" "))
      .filter((line) => /^\w+ \d+$/.test(line));
  const expected = normal((await theirs.result).stdout);
  assert.deepEqual(normal((await stopTool(ours)).stdout), expected);
  assert.ok(expected.includes("getpgid 13"), expected.join());
});

const USAGE = "syscount -l names every call";
test(USAGE, { skip: requires(USAGE, "speed") }, async () => {
  const { stdout } = await runTool("syscount", "-l");
  assert.match(stdout, /^_?\w+ +\w+ +\w+ +\w+\n/);
  assert.ok(["openat", "futex", "io_uring_enter"].every((call) => stdout.includes(call)));
});

test("syscount --exec counts one command", {
  skip: requires("syscount --exec counts one command", "speed"),
}, async () => {
  const command = ["sh", "-c", "exec echo x"];
  const { stdout } = await runTool(
    "syscount",
    "--json",
    "--syscall",
    "execve",
    "--exec",
    ...command,
  );
  const counts = stdout.split("\n").filter((line) => line.startsWith("{"));
  assert.deepEqual(counts.map((line) => (JSON.parse(line) as Row).syscall), ["execve"]);
});
