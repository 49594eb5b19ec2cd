import assert from "node:assert/strict";
import { test } from "node:test";
import { Bpf, monotonicTime, struct, u64, u8 } from "../../mod.ts";
import exitsnoop from "../../tools/exitsnoop/exitsnoop.bpf.o.ts";
import { buildProgram } from "../support/build.ts";
import { keepOnOneCpu, Running, untilExecuted } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { Script } from "../support/script.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";
import { Folder, Workload } from "../support/workload.ts";

interface Row {
  time?: string;
  label?: string;
  pcomm: string;
  pid: number;
  ppid: number;
  tid: number;
  age_s: number;
  exit_code: number;
  signal: number;
  core_dumped: boolean;
}

/** Runs a script under exitsnoop; returns the rows of the processes that it started. */
async function record(script: string, ...args: string[]): Promise<[rows: Row[], said: string]> {
  await using parent = await Script.start(script);
  await using running = await startTool("exitsnoop", "--json", ...args);
  const said = await parent.go();
  const rows = rowsOf<Row>(await stopTool(running));
  return [rows.filter(({ ppid }) => ppid === parent.pid), said];
}

test("exitsnoop reports 97 ends with their codes, and signals, exactly and in order", async () => {
  const script =
    "for i in {0..96}; do (exit $i); done; for s in 9 15; do (kill -$s $BASHPID); done";
  const [rows] = await record(`{ ${script}; } 2>/dev/null`);
  assert.deepEqual(rows.map(({ exit_code, signal }) => [exit_code, signal]), [
    ...Array.from({ length: 97 }, (_, i) => [i, 0]),
    [0, 9],
    [0, 15],
  ]);
  assert.ok(
    rows.every(({ pid, tid, pcomm, age_s }) => pid === tid && pcomm === "bash" && age_s > 0),
  );
});

test("exitsnoop -x hides those that end well, and tells a dumped core", async () => {
  using folder = new Folder();
  const script = `cd ${folder.path}; ulimit -c unlimited; exec 2>&1
    for i in {0..6}; do (exit $i); (exit 0); done; bash -c 'kill -SEGV $$'; (kill -9 $BASHPID)`;
  const [rows, said] = await record(script, "-x", "--label=mine", "--utc");
  assert.deepEqual(rows.map((row) => [row.exit_code, row.signal, row.core_dumped]), [
    ...[1, 2, 3, 4, 5, 6].map((code) => [code, 0, false]),
    [0, 11, said.includes("core dumped")],
    [0, 9, false],
  ]);
  assert.ok(rows.every(({ label, time }) => label === "mine" && time?.endsWith("Z")));
});

test("exitsnoop --per-thread reports threads as well", async () => {
  for (const perThread of [false, true]) {
    using folder = new Folder();
    await using workload = await Workload.start(`thread=${folder.path}/x:1`);
    const tid = await workload.goToThread();
    const args = perThread ? ["--per-thread", "-p", String(workload.pid)] : [];
    await using running = await startTool("exitsnoop", "--json", ...args);
    await workload.go();
    const rows = rowsOf<Row>(await stopTool(running)).filter(({ pid }) => pid === workload.pid);
    // In any order: a thread that joins another continues before the other one has fully ended.
    const ended = perThread ? [workload.pid, tid] : [workload.pid];
    assert.deepEqual(new Set(rows.map((row) => row.tid)), new Set(ended));
    assert.equal(rows.length, ended.length);
  }
});

test("exitsnoop tells no end when a thread becomes another program, and -p goes on", async () => {
  for (const args of [[], ["-p"]]) {
    await using process = Running.start(
      threads("exec", "bash", "-c", "echo executed; read; exit 5"),
    );
    const pid = await pidOf(process);
    await using running = await startTool("exitsnoop", "--json", ...args.length ? ["-p", pid] : []);
    process.send();
    await process.find("stdout", /^executed$/m);
    process.send();
    assert.equal((await process.result).status, 5);
    // With -p the tool ends by itself.
    const rows = rowsOf<Row>(await (args.length ? running.result : stopTool(running)));
    assert.deepEqual(ends(rows, pid), [["bash", Number(pid), 5]]);
  }
});

test("exitsnoop tells the end of a process when its last thread ends", async () => {
  for (const [args, code] of [[["exit", "7"], 7], [["leave"], 0]] as const) {
    for (const options of [[], ["--per-thread"]]) {
      await using process = Running.start(threads(...args));
      const pid = await pidOf(process);
      await using running = await startTool("exitsnoop", "--json", ...options);
      process.send();
      await process.find("stdout", /^alone$/m);
      process.send();
      assert.equal((await process.result).status, code);
      const rows = ends(rowsOf<Row>(await stopTool(running)), pid);
      if (options.length === 0) {
        assert.deepEqual(rows, [["first", Number(pid), code]]);
        continue;
      }
      // In any order: a thread that joins another continues before the other one has fully ended.
      const names = rows.map(([name, , code]) => `${name} ${code}`).sort();
      assert.deepEqual(names, ["first 0", `second ${code}`]);
    }
  }
});

const threads = (...args: string[]) => [buildProgram("threads.c"), ...args];
const pidOf = async (process: Running) => (await process.find("stdout", /^pid (\d+)$/m))[1]!;
const ends = (rows: readonly Row[], process: string) =>
  rows.filter(({ pid }) => pid === Number(process))
    .map(({ pcomm, tid, exit_code }) => [pcomm, tid, exit_code]);

test("exitsnoop -p shows one process, whose end is its own", {
  skip: requires("exitsnoop -p shows one process, whose end is its own", "speed"),
}, async () => {
  await using other = await Script.start("(exit 2)");
  await using wanted = await Script.start("(exit 3); exit 4");
  const args = ["-t", "--label=", "-p", String(wanted.pid)];
  await using running = await startTool("exitsnoop", ...args);
  await other.go();
  await wanted.go(4);
  const { status, stdout } = await running.result;
  assert.equal(status, 0);
  const lines = stdout.split("\n");
  assert.match(
    lines[0]!,
    /^TIME-\S+ +LABEL PCOMM {12}PID {5}PPID {4}TID {5}AGE\(s\) {2}EXIT_CODE$/,
  );
  const pid = String(wanted.pid).padEnd(7);
  const row =
    `^\\d\\d:\\d\\d:\\d\\d\\.\\d{3} exit  bash {13}${pid} \\d+ +${pid} \\d+\\.\\d\\d +code 4$`;
  assert.match(lines[1]!, new RegExp(row));
  assert.deepEqual(lines.slice(2), [""]);
});

test("exitsnoop agrees with libbpf-tools' exitsnoop", {
  skip: requires("exitsnoop agrees with libbpf-tools' exitsnoop", "speed"),
}, async () => {
  await using parent = await Script.start(
    "{ for i in {1..15}; do (exit $i); (kill -$i $BASHPID); done; } 2>/dev/null; (exit 32)",
  );
  await keepOnOneCpu(parent.pid);
  await using ours = await startTool("exitsnoop");
  await using theirs = Running.start(["stdbuf", "-oL", "/usr/sbin/exitsnoop"]);
  await untilExecuted(theirs, /^true /m);
  await parent.go();
  await theirs.find("stdout", /code 32/);
  theirs.kill("SIGINT");
  // Without the names of signals, which libbpf-tools takes from strsignal(3), and without ages, which
  // differ a little.
  const normal = (text: string) =>
    text.split("\n").map((line) => line.trim().replace(/ +\(.*/, "").split(/\s+/))
      .filter((words) => words[2] === String(parent.pid))
      .map((words) => words.toSpliced(4, 1).join(" "))
      .sort(); // libbpf-tools reads one buffer for each CPU, not always in order
  const expected = normal((await theirs.result).stdout);
  assert.deepEqual(normal((await stopTool(ours)).stdout), expected);
  assert.ok(expected.length > 25);
});

test("exitsnoop forgets processes whose end it told once they have been waited for", async () => {
  const Process = struct("process", { start_time: u64, id: u64.asNumber });
  using bpf = Bpf.load(exitsnoop);
  bpf.attach();
  const ended = bpf.map("ended", Process, u8);
  /** Ends 41 processes; returns a function that counts those still in the map. */
  const round = async () => {
    await using parent = await Script.start("for i in {0..40}; do bash -c 'echo $$'; done");
    const begin = monotonicTime();
    const said = await parent.go();
    const end = monotonicTime();
    const pids = said.trim().split(/\s+/).map(Number);
    assert.equal(pids.length, 41);
    // Entries of earlier processes with the same pid may stay.
    const isOne = ({ id, start_time }: { id: number; start_time: bigint }) =>
      pids.includes(id) && start_time >= begin && start_time <= end;
    return () => [...ended.keys()].filter(isOne).length;
  };
  // The kernel frees processes with a delay, and Linux 6.18 does not tell of some (call_stack.h): a round is over
  // once most of the next have been freed, and of some round all have to be forgotten.
  let left = await round();
  for (let rounds = 0; rounds < 20 && left() > 0; rounds++) {
    const later = await round();
    while (left() > 0 && later() > 20) await new Promise(setImmediate);
    if (left() > 0) left = later;
  }
  assert.equal(left(), 0);
});
