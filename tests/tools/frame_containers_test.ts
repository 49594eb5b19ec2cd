/** Tests container filters in detail with one tool; filter_matrix.ts tests them briefly with every tool. */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { buildProgram } from "../support/build.ts";
import { TestCgroup } from "../support/cgroup.ts";
import { paths, type Row, rowsIn } from "../support/opensnoop.ts";
import { Running } from "../support/process.ts";
import { TcpWorkload } from "../support/tcp.ts";
import {
  numbered,
  READY,
  rowsOf,
  runTool,
  startTool,
  stopTool,
  toolCommand,
} from "../support/tool.ts";
import { Folder, Workload } from "../support/workload.ts";

const ID = "0123456789abcdef".repeat(4);

test("a tool's --cgroup traces a cgroup and those below it, and hides others", async () => {
  using cgroup = new TestCgroup("outer");
  using below = new TestCgroup("below", cgroup);
  using folder = new Folder();
  const start = (name: string) => Workload.start(`create=${folder.path}/${name}:5`);
  await using inside = await start("inside");
  await using deeper = await start("deeper");
  await using outside = await start("outside");
  cgroup.add(inside.pid);
  below.add(deeper.pid);
  await using running = await startTool("opensnoop", "--json", "--cgroup", cgroup.path);
  for (const workload of [outside, inside, deeper]) await workload.go();
  const rows = rowsIn(await stopTool(running), folder.path);
  const expected = ["inside", "deeper"].flatMap((name) => numbered(`${folder.path}/${name}`, 5));
  assert.deepEqual(paths(rows), expected);
});

test("a tool's --cgroup takes nothing but a v2 cgroup", async () => {
  const other = await runTool("opensnoop", "--cgroup", "/tmp");
  assert.equal(other.status, 1);
  assert.match(
    other.stderr,
    /^opensnoop: Cannot use "\/tmp" as a cgroup: .*EBADF\): it does not lie in the v2 hierarchy, .*\n$/,
  );
  using folder = new Folder();
  spawnSync("mkfifo", [`${folder.path}/fifo`]);
  const fifo = await runTool("opensnoop", "--cgroup", `${folder.path}/fifo`);
  assert.match(fifo.stderr, /EBADF\): it does not lie in the v2 hierarchy, .*\n$/);
  const missing = await runTool("opensnoop", "--cgroup", "/nothing-here");
  assert.match(
    missing.stderr,
    /^opensnoop: Cannot use "\/nothing-here" as a cgroup: No such .*\n$/,
  );
});

const UID = "1b2c3d4e-0123-4567-89ab-cdef01234567";
const POD_SLICE = `kubepods-pod${UID.replaceAll("-", "_")}.slice`;

test("a tool's --container and --pod show the container's id and the pod's uid", async () => {
  using slice = new TestCgroup(POD_SLICE);
  using cgroup = new TestCgroup(`cri-containerd-${ID}.scope`, slice);
  using folder = new Folder();
  await using inside = await Workload.start(`create=${folder.path}/inside:3`);
  await using outside = await Workload.start(`create=${folder.path}/outside:3`);
  cgroup.add(inside.pid);
  await using table = await startTool("opensnoop", "--container");
  await using running = await startTool("opensnoop", "--container", "--pod", "--json");
  await inside.go();
  await outside.go();
  const rows = rowsIn(await stopTool(running), folder.path) as (Row & {
    container: unknown;
    pod: unknown;
  })[];
  assert.deepEqual(
    rows.map(({ container, pod, path }) => [container, pod, path]),
    [
      ...numbered(`${folder.path}/inside`, 3).map((path) => [ID.slice(0, 12), UID, path]),
      ...numbered(`${folder.path}/outside`, 3).map((path) => [null, null, path]),
    ],
  );
  const lines = (await stopTool(table)).stdout.split("\n");
  assert.equal(lines[0], "CONTAINER    PID     COMM               FD ERR PATH");
  const shown = lines.filter((line) => line.includes(folder.path)).map((line) => line.slice(0, 13));
  assert.deepEqual(shown, [
    ...Array(3).fill(`${ID.slice(0, 12)} `),
    ...Array(3).fill("-".padEnd(13)),
  ]);
});

test("tcptop --container and --pod show those of whoever sends and receives", async () => {
  using slice = new TestCgroup(POD_SLICE);
  using cgroup = new TestCgroup(`crio-${ID}.scope`, slice);
  await using workload = await TcpWorkload.start("exchange=4:3:1000:1000:client");
  const { client, server } = workload;
  cgroup.add(client);
  await using running = await startTool("tcptop", "--json", "--container", "--pod", "600");
  await workload.go();
  const rows = rowsOf<{ pid: number; container: string | null; pod: string | null; tx_kb: number }>(
    await stopTool(running),
  );
  for (const [pid, ...where] of [[client, ID.slice(0, 12), UID], [server, null, null]] as const) {
    const own = rows.filter((row) => row.pid === pid);
    assert.deepEqual(
      own.map((row) => [row.container, row.pod, row.tx_kb * 1024]),
      Array(3).fill([...where, 1000]),
    );
  }
});

test("a tool's --pidns shows pids as that namespace sees them, and hides others", async () => {
  using folder = new Folder();
  const command = Workload.command(`create=${folder.path}/inside:5`);
  await using inside = Running.start(["unshare", "--pid", "--fork", "--kill-child", ...command]);
  const [, pid] = await inside.find("stdout", /^pid (\d+)\n/);
  assert.equal(pid, "1", "it is the first of its namespace");
  await using outside = await Workload.start(`create=${folder.path}/outside:5`);
  const child = childOf(inside.pid);
  await using running = await startTool("opensnoop", "--json", "--pidns", String(child));
  await using filtered = await startTool(
    "opensnoop",
    "--json",
    "--pidns",
    String(child),
    "-p",
    "2",
  );
  await outside.go();
  inside.send();
  await inside.result;
  const rows = rowsIn(await stopTool(running), folder.path);
  const expected = numbered(`${folder.path}/inside`, 5).map((path) => [1, path]);
  assert.deepEqual(rows.map(({ pid, path }) => [pid, path]), expected);
  assert.deepEqual(rowsIn(await stopTool(filtered), folder.path), []);
});

test("a tool with uprobes finds the process that -p names in the namespace of --pidns", async () => {
  const command = [buildProgram("lookups.c"), "getaddrinfo=5=127.0.0.1"];
  const namespaces = ["unshare", "--net", "--pid", "--fork", "--kill-child"];
  await using inside = Running.start([...namespaces, ...command]);
  await inside.find("stdout", /^pid 1\n/);
  const pidns = String(childOf(inside.pid));
  const missing = await runTool("gethostlatency", "-p", "777", "--pidns", pidns);
  assert.match(missing.stderr, /^gethostlatency: Cannot find process 777 in the pid namespace of /);
  await using running = await startTool("gethostlatency", "--json", "-p", "1", "--pidns", pidns);
  inside.send();
  await inside.result;
  const rows = rowsOf<{ pid: number; host: string }>(await stopTool(running));
  assert.deepEqual(rows.map(({ pid, host }) => [pid, host]), Array(5).fill([1, "127.0.0.1"]));
});

test("tools name functions of the process that a pid namespace's number means", async () => {
  const program = buildProgram("thread_maker.c");
  // A process 1 of another pid namespace, which has ended when the tool resolves names.
  const command = [program, "first=3", "waits=5"];
  await using inside = Running.start(["unshare", "--pid", "--fork", "--kill-child", ...command]);
  await inside.find("stdout", /^pid 1\n/);
  const named = ["--json", "-p", "1", "--pidns", String(childOf(inside.pid))];
  await using tools = new AsyncDisposableStack();
  const start = async (name: string, ...args: string[]) =>
    tools.use(await startTool(name, ...named, ...args));
  const [threads, locks, calls] = await Promise.all([
    start("threadsnoop"),
    start("futexctn"),
    start("funcslower", "-u", "1", "-U", `${program}:wait_once`),
  ]);
  inside.send();
  await inside.result;
  const made = rowsOf<{ pid: number; func: string }>(await stopTool(threads));
  assert.deepEqual(
    made.filter(({ func }) => func !== "waiting_routine").map(({ pid, func }) => [pid, func]),
    Array(3).fill([1, "first_routine"]),
  );
  const { stdout } = await stopTool(locks);
  assert.match(stdout, /"user":\["syscall"/);
  const slow = rowsOf<{ pid: number; user: string[] }>(await stopTool(calls));
  // At least: a wait may also return without being woken.
  assert.ok(slow.length >= 5);
  for (const { pid, user } of slow) assert.deepEqual([pid, user[0]], [1, "waiting_routine"]);
});

test("a tool inside a pid namespace tells its own pids", async () => {
  using folder = new Folder();
  const script =
    `"$@" & tool=$!; read go; ( : <${folder.path}/nothing ); kill -INT $tool; wait $tool`;
  const inside = ["unshare", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", script];
  await using running = Running.start(
    [...inside, "sh", ...toolCommand("opensnoop"), "--json", "-x"],
    READY,
  );
  await running.find("stderr", /^ready$/m);
  running.send();
  const rows = rowsIn(await running.result, folder.path);
  assert.equal(rows.length, 1);
  assert.ok(rows[0]!.pid > 1 && rows[0]!.pid < 40, `pid ${rows[0]!.pid}`);
});

test("a tool refuses a --pidns without such a process", async () => {
  const { status, stderr } = await runTool("opensnoop", "--pidns", "4194304");
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^opensnoop: Cannot find the pid namespace of process 4194304: .*ESRCH.*\n$/,
  );
});

/** The one child of a process. */
function childOf(pid: number): number {
  return Number(readFileSync(`/proc/${pid}/task/${pid}/children`, "utf8").trim());
}
