import assert from "node:assert/strict";
import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { setTimeout } from "node:timers/promises";
import { ProcessHistory } from "../../bpf/symbols/process_history.ts";
import { monotonicTime } from "../../ffi/libc/clock.ts";
import { buildProgram } from "../support/build.ts";
import { held } from "../support/leftovers.ts";
import { requires } from "../support/requires.ts";
import { run, Running } from "../support/process.ts";
import { Folder } from "../support/workload.ts";

/** The names of the files that a process had mapped as executable at a given time. */
const filesAt = (history: ProcessHistory, pid: number, time: number) =>
  history.at(pid, time)?.memory.ranges.map(({ path }) => path.slice(path.lastIndexOf("/") + 1));

test("ProcessHistory knows what a process had mapped before and after exec, when it is gone", async () => {
  using folder = new Folder();
  const program = join(folder.path, "copy-of-true");
  copyFileSync("/bin/true", program);
  const seen = new Set<string>();
  using history = new ProcessHistory({}, { onMap: (_, { path }) => void seen.add(path) });
  const shell = Running.start(["sh", "-c", `echo pid $$; read -r line; exec ${program}`]);
  const pid = Number((await shell.find("stdout", /^pid (\d+)\n/))[1]);
  const between = monotonicTime();
  shell.send();
  await shell.result;
  assert.ok(filesAt(history, pid, between)!.some((name) => /^(da|ba)?sh$/.test(name)));
  const after = filesAt(history, pid, monotonicTime())!;
  assert.equal(after[0], "copy-of-true");
  assert.ok(after.some((name) => name.startsWith("libc.so")), String(after));
  assert.ok(!after.some((name) => /sh$/.test(name)), String(after));
  assert.ok(seen.has(program));
  assert.equal(history.at(4194304, monotonicTime()), undefined);
});

test("ProcessHistory gives children what their parents have, and finds who was there before", async () => {
  await using before = Running.start(["sh", "-c", "echo up; read -r line"]);
  await before.find("stdout", /up/);
  using history = new ProcessHistory();
  const found = filesAt(history, before.pid, Infinity)!;
  assert.ok(found.some((name) => /^(da|ba)?sh$/.test(name)), String(found));
  // A subshell is a fork without an exec.
  const { stdout } = await run(["bash", "-c", "(echo $BASHPID); true"]);
  const forked = filesAt(history, Number(stdout), Infinity)!;
  assert.ok(forked.includes("bash") && forked.some((name) => name.startsWith("libc.so")));
});

const thousands = "ProcessHistory keeps of thousands that ended those that matter, and the latest";
test(thousands, { skip: requires(thousands, "speed") }, async () => {
  const before = await run(["bash", "-c", "echo $$"]);
  let wanted = new Set<number>();
  using history = new ProcessHistory({ wanted: () => wanted });
  // A longer history, because other processes end meanwhile: thousands if both runtimes run this
  // test at once.
  using longer = new ProcessHistory({ wanted: () => new Set(), latest: 2 ** 17 });
  const start = history.size;
  const forks = "for ((i = 0; i < 4000; i++)); do (echo $BASHPID); done";
  const first = Number((await run(["bash", "-c", "echo $$"])).stdout);
  wanted = new Set([first]);
  const pids = (await run(["bash", "-c", forks])).stdout.trim().split("\n").map(Number);
  assert.equal(pids.length, 4000);
  const isKnown = (pid: number) => history.at(pid, Infinity) !== undefined;
  assert.ok(isKnown(first) && isKnown(pids.at(-1)!));
  assert.ok(!isKnown(pids[0]!) && !isKnown(Number(before.stdout)));
  assert.ok(longer.at(pids[0]!, Infinity), "who asks for more of the latest has them");
  // At most 1536 ended processes are kept; the rest is for others that run on this machine.
  assert.ok(history.size < start + 2500, `${start} before, ${history.size} after`);
});

test("ProcessHistory forgets who does not matter, and leaves nothing behind", async () => {
  const before = held();
  {
    using history = new ProcessHistory({ pids: [process.pid] });
    const { stdout } = await run(["sh", "-c", "echo $$"]);
    assert.equal(history.at(Number(stdout), Infinity), undefined);
    assert.ok(history.at(process.pid, Infinity)!.memory.ranges.length > 0);
    history.close();
    history.close();
  }
  assert.deepEqual(held(), before);
});

test("ProcessHistory looks at processes again when their records found no room", async () => {
  const program = buildProgram("reused_addresses.c", ["-O0", "-DWORK=early", "-no-pie"]);
  await using work = Running.start([program, "stop", "*9001:1", "stop"]);
  const pid = Number((await work.find("stdout", /^pid (\d+)\n/))[1]);
  const isStopped = () => / T /.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  const mapped = () => readFileSync(`/proc/${pid}/maps`, "utf8").split("\n").length;
  work.send();
  while (!isStopped()) await setTimeout(1);
  using history = new ProcessHistory({ pids: [pid] });
  process.kill(pid, "SIGCONT");
  // This busy loop keeps records from being read: a CPU's buffer has room for less than two
  // thousand.
  while (mapped() < 9001);
  const [, address] = await work.find("stdout", /^(0x[0-9a-f]+)\nstopping$/m);
  const range = () => history.at(pid, Infinity)!.memory.rangeAt(BigInt(address!));
  while (range() === undefined) await setTimeout(10);
  assert.equal(range()!.path, program);
  // The known mappings remain after the process has ended.
  while (!isStopped()) await setTimeout(1);
  process.kill(pid, "SIGCONT");
  assert.equal((await work.result).status, 0);
  assert.equal(range()!.path, program);
});
