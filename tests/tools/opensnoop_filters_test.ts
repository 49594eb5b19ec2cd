import assert from "node:assert/strict";
import { readFileSync, statSync } from "node:fs";
import { test } from "node:test";
import { cgroupMount } from "../../mod.ts";
import { ENOENT, json, paths, record, type Row, rowsIn } from "../support/opensnoop.ts";
import { PinnedSet } from "../support/pinned_set.ts";
import { numbered, rowsOf, runTool, startTool, stopTool } from "../support/tool.ts";
import { Folder, Workload } from "../support/workload.ts";

test("opensnoop -x shows failed opens only", async () => {
  const { result, folder } = await record(
    json("-x"),
    (at) => [`create=${at}/file:11`, `missing=${at}/gone:7`],
  );
  assert.deepEqual(paths(rowsIn(result, folder)), numbered(`${folder}/gone`, 7));
});

test("opensnoop -p shows one process and hides others", async () => {
  using folder = new Folder();
  await using wanted = await Workload.start(`create=${folder.path}/wanted:11`);
  await using other = await Workload.start(`create=${folder.path}/other:7`);
  await using running = await startTool("opensnoop", "--json", "-p", String(wanted.pid));
  await other.go();
  await wanted.go();
  const rows = rowsIn(await stopTool(running), folder.path);
  assert.deepEqual(paths(rows), numbered(`${folder.path}/wanted`, 11));
});

test("opensnoop -t shows one thread and hides the others", async () => {
  using folder = new Folder();
  const steps = [`create=${folder.path}/main:7`, `thread=${folder.path}/thread:11`];
  await using workload = await Workload.start(...steps);
  const tid = await workload.goToThread();
  await using running = await startTool("opensnoop", "--json", "-t", String(tid));
  await workload.go();
  const rows = rowsIn(await stopTool(running), folder.path);
  assert.deepEqual(
    rows,
    numbered(`${folder.path}/thread`, 11).map((path) => ({
      tid,
      comm: "workload",
      fd: -1,
      err: ENOENT,
      path,
    })),
  );
});

test("opensnoop -u shows one user and hides others", async () => {
  const { result, folder } = await record(
    json("-U", "-u", "64321"),
    (at) => [`create=${at}/root:7`, "uid=64321", `missing=${at}/user:11`],
  );
  const rows = rowsIn(result, folder);
  assert.deepEqual(paths(rows), numbered(`${folder}/user`, 11));
  assert.ok(rows.every(({ uid }) => uid === 64321));
});

test("opensnoop -n shows names that contain the text and hides others", async () => {
  const { result, folder } = await record(json("-n", "eedl"), (at) => [
    "comm=a-needle-in-hay",
    `create=${at}/inside:5`,
    "comm=needle",
    `create=${at}/start:5`,
    "comm=eed",
    `create=${at}/part:5`,
    "comm=hay",
    `create=${at}/hay:5`,
    "comm=hay-and-a-needl",
    `create=${at}/tail:5`,
  ]);
  assert.deepEqual(
    paths(rowsIn(result, folder)),
    ["inside", "start", "tail"].flatMap((name) => numbered(`${folder}/${name}`, 5)),
  );
});

test("opensnoop -f shows opens with any of the flags and hides others", async () => {
  const steps = (at: string) => [
    `create=${at}/written:3`,
    `missing=${at}/read:3`,
    `open=${at}/written0`,
    `openat2=${at}/written1`,
  ];
  const cases: [string[], (at: string) => string[]][] = [
    [["O_WRONLY"], (at) => [...numbered(`${at}/written`, 3), `${at}/written1`]],
    [["O_RDWR"], (at) => [`${at}/written0`]],
    [["O_RDONLY"], (at) => numbered(`${at}/read`, 3)],
    [["O_CREAT"], (at) => numbered(`${at}/written`, 3)],
    [["O_APPEND", "O_RDWR"], (at) => [`${at}/written0`, `${at}/written1`]],
    [["O_EXCL"], () => []],
  ];
  for (const [flags, expected] of cases) {
    const args = flags.flatMap((flag) => ["-f", flag]);
    const { result, folder } = await record(json(...args), steps);
    assert.deepEqual(paths(rowsIn(result, folder)), expected(folder), flags.join());
  }
});

test("opensnoop --exec traces one command from its first instruction", async () => {
  using folder = new Folder();
  const path = `${folder.path}/nothing`;
  const result = await runTool("opensnoop", "--json", "--exec", "/bin/cat", "-u", path);
  assert.equal(result.status, 0);
  const rows = rowsOf<Row>(result);
  assert.ok(paths(rows).some((found) => found.endsWith("/libc.so.6")), "its libraries");
  assert.deepEqual(rows.filter((row) => row.path === path).map(({ err }) => err), [ENOENT]);
  assert.deepEqual([...new Set(rows.map(({ comm }) => comm))], ["cat"]);
  assert.equal(new Set(rows.map(({ pid }) => pid)).size, 1);
});

test("opensnoop --exec ends with a command that any signal ends", async () => {
  // 34 is the first real-time signal, for which neither runtime has a name.
  for (const signal of ["TERM", "34"]) {
    const command = ["sh", "-c", `: </dev/null; kill -${signal} $$`];
    const { stdout, stderr, status } = await runTool("opensnoop", "--json", "--exec", ...command);
    assert.deepEqual([stderr, status], ["", 0], signal);
    assert.match(stdout, /"path":"\/dev\/null"/, signal);
  }
});

test("opensnoop --exec of a command that does not exist fails in one sentence", async () => {
  const { stderr, status } = await runTool("opensnoop", "--exec", "/nonexistent/command");
  assert.equal(status, 1);
  assert.match(stderr, /opensnoop: Cannot run "\/nonexistent\/command"/);
});

test("opensnoop --cgroupmap and --mntnsmap filter by pinned maps", async () => {
  using folder = new Folder();
  const mntns = statSync("/proc/self/ns/mnt").ino;
  const cgroup = statSync(ownCgroup()).ino;
  const pins = [["mntnsmap", 4, mntns], ["cgroupmap", 8, cgroup]] as const;
  for (const [option, valueSize, id] of pins) {
    using pin = new PinnedSet(option, valueSize);
    const steps = (at: string) => [`create=${at}/file:5`];
    const none = await record(json(`--${option}`, pin.path), steps);
    assert.deepEqual(paths(rowsIn(none.result, none.folder)), []);
    pin.add(id);
    const all = await record(json(`--${option}`, pin.path), steps);
    assert.deepEqual(paths(rowsIn(all.result, all.folder)), numbered(`${all.folder}/file`, 5));
  }
  const missing = await runTool("opensnoop", "--mntnsmap", `${folder.path}/nothing`);
  assert.equal(missing.status, 1);
  assert.match(missing.stderr, /^opensnoop: Cannot use the map pinned at ".*": [^\n]+\n$/);
});

/** The directory of this process's cgroup in the cgroup v2 hierarchy. */
function ownCgroup(): string {
  const path = /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1];
  return cgroupMount()! + path;
}
