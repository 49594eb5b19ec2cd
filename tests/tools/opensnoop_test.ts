import assert from "node:assert/strict";
import { symlinkSync } from "node:fs";
import { test } from "node:test";
import { ENOENT, json, record, type Row, rowsIn } from "../support/opensnoop.ts";
import { keepOnOneCpu, type Result, Running, untilSeen } from "../support/process.ts";
import { numbered, startTool } from "../support/tool.ts";
import { Folder, Workload } from "../support/workload.ts";

test("opensnoop reports 97 files and 13 that do not exist, exactly and in order", async () => {
  const { result, folder, pid } = await record(
    json(),
    (at) => ["comm=snooped", `create=${at}/file:97`, `missing=${at}/gone:13`],
  );
  const rows = rowsIn(result, folder);
  const fd = rows[0]!.fd;
  assert.ok(fd > 2);
  assert.deepEqual(rows, [
    ...numbered(`${folder}/file`, 97).map((path) => ({ pid, comm: "snooped", fd, err: 0, path })),
    ...numbered(`${folder}/gone`, 13).map((path) => ({
      pid,
      comm: "snooped",
      fd: -1,
      err: ENOENT,
      path,
    })),
  ]);
});

test("opensnoop prints bcc's table", async () => {
  const { result, folder, pid } = await record(
    ({ pid }) => ["-p", String(pid)],
    (at) => ["comm=snooped", `create=${at}/file:1`, `missing=${at}/gone:1`],
  );
  const lines = result.stdout.split("\n");
  assert.equal(lines[0], "PID     COMM               FD ERR PATH");
  const pidText = String(pid).padEnd(7);
  assert.deepEqual(lines.slice(1, 3), [
    `${pidText} snooped             3   0 ${folder}/file0`,
    `${pidText} snooped            -1   2 ${folder}/gone0`,
  ]);
});

test("opensnoop -T -U -e add their columns", async () => {
  const { result, folder, pid } = await record(
    ({ pid }) => ["-TUe", "-p", String(pid)],
    (at) => [`create=${at}/file:1`, `missing=${at}/gone:1`],
  );
  const lines = result.stdout.split("\n");
  assert.equal(
    lines[0],
    "TIME(s)       UID   PID     COMM               FD ERR FLAGS    MODE PATH",
  );
  assert.match(
    lines[1]!,
    new RegExp(`^0\\.000000000   0     ${pid} +workload +3   0 00001101 0640 ${folder}/file0$`),
  );
  assert.match(
    lines[2]!,
    new RegExp(`^0\\.\\d{9}   0     ${pid} +workload +-1   2 00000000 n/a  ${folder}/gone0$`),
  );
});

test("opensnoop --json has the keys of the columns", async () => {
  const { result, folder, pid } = await record(
    json("-T", "-U", "-e"),
    (at) => [`create=${at}/file:1`, `missing=${at}/gone:1`],
  );
  const [first, second] = rowsIn(result, folder);
  const { time_s, ...rest } = first!;
  assert.equal(typeof time_s, "number");
  assert.deepEqual(rest, {
    uid: 0,
    pid,
    comm: "workload",
    fd: 3,
    err: 0,
    flags: 0o1101,
    mode: 0o640,
    path: `${folder}/file0`,
  });
  assert.equal(second!.mode, null);
  assert.ok(second!.time_s! > time_s!);
});

test("opensnoop does not report itself", async () => {
  await using running = await startTool("opensnoop", "--json");
  running.kill("SIGINT");
  const { stdout } = await running.result;
  assert.ok(!stdout.includes(`"pid":${running.pid},`), stdout);
});

test("opensnoop sees open, openat and openat2, with their flags", async () => {
  const { result, folder } = await record(json("-e"), (at) => [
    `create=${at}/file:1`,
    `open=${at}/file0`,
    `openat2=${at}/file0`,
    `at=${at}:file0`,
  ]);
  const rows = rowsIn(result, folder).map(({ flags, mode, fd }) => [flags, mode, fd]);
  assert.deepEqual(rows, [
    [0o1101, 0o640, 3],
    [0o2, null, 3],
    [0o2001, null, 3],
    [0o10200000, null, 3], // the directory, O_PATH | O_DIRECTORY
  ]);
  const relative = result.stdout.split("\n").filter((line) => line.includes('"path":"file0"'));
  assert.equal(relative.length, 1);
});

// Without open(2), which libbpf-tools' opensnoop does not trace if tracefs is not also mounted
// below debugfs.
test("opensnoop agrees line by line with libbpf-tools' opensnoop", async () => {
  using folder = new Folder();
  symlinkSync("nothing", `${folder.path}/dangling`);
  const steps = [
    "comm=compared",
    `create=${folder.path}/file:97`,
    `missing=${folder.path}/gone:13`,
    `at=${folder.path}:file5`,
    `at=${folder.path}:dangling`,
  ];
  await using workload = await Workload.start(...steps);
  await keepOnOneCpu(workload.pid);
  await using ours = await startTool("opensnoop", "-p", String(workload.pid));
  await using theirs = Running.start(["stdbuf", "-oL", "/usr/sbin/opensnoop"]);
  await untilSeen(theirs, `${folder.path}/sentinel`);
  await workload.go();
  await theirs.find("stdout", /dangling/);
  ours.kill("SIGINT");
  theirs.kill("SIGINT");
  const normal = ({ stdout }: Result) =>
    stdout.split("\n").map((line) => line.trim().split(/\s+/).join(" "))
      .filter((line) => line.startsWith(`${workload.pid} compared`));
  const expected = normal(await theirs.result);
  assert.deepEqual(normal(await ours.result), expected);
  assert.equal(expected.length, 97 + 13 + 4);
});

test("opensnoop reports a burst completely, or says exactly how many are missing", async () => {
  const count = 100_003;
  const { result } = await record(
    ({ pid }) => ["--json", "-b", "64", "-p", String(pid)],
    () => [`burst=/dev/null:${count}`],
  );
  let seen = 0;
  let dropped = 0;
  for (const line of result.stdout.trim().split("\n")) {
    const row = JSON.parse(line) as Row;
    if (row.record === "dropped") dropped = row.total!;
    else seen++;
  }
  assert.equal(seen + dropped, count);
  if (dropped > 0) assert.match(result.stderr, new RegExp(`dropped ${dropped} events in all`));
});
