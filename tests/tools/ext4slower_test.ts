import assert from "node:assert/strict";
import { test } from "node:test";
import { Ext4, Tmpfs } from "../support/disk.ts";
import { finishFileIo, runFileIo, startFileIo } from "../support/file_io.ts";
import { keepOnOneCpu, Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";

interface Row {
  time: string;
  comm: string;
  pid: number;
  t: string;
  bytes: number;
  off_kb: number;
  lat_ms: number;
  filename: string;
}

/** The workload's steps on a file, and the rows for it: T, BYTES and OFF_KB. */
const steps = (path: string): string[] => [
  `path=${path}:3`,
  `open=${path}:13`,
  "write=101",
  "pwrite=7",
  "writev=5",
  "pwritev=3",
  "fsync=11",
  "start",
  "read=53",
  "pread=7",
  "readv=5",
  "preadv=3",
  "fdatasync=2",
];
const each = (count: number, row: (i: number) => unknown[]) =>
  Array.from({ length: count }, (_, i) => row(i));
const io = (t: string, count: number, first = 0) => each(count, (i) => [t, 4096, (first + i) * 4]);
const rowsExpected = [
  ...each(13, () => ["O", 0, 0]),
  ...io("W", 101),
  ...io("W", 7),
  ...io("W", 5, 101),
  ...io("W", 3),
  ...each(11, () => ["S", 0, 0]),
  ...io("R", 53),
  ...io("R", 7),
  ...io("R", 5, 53),
  ...io("R", 3),
  ...each(2, () => ["S", 0, 0]),
];

/** Creates the file, so that opening it with O_PATH works and the workload does not create it. */
async function prepared(folder: string): Promise<string> {
  const path = `${folder}/traced file`;
  await runFileIo(`open=${path}:1`);
  return path;
}

test("ext4slower 0 reports every read, write, open and sync of that process, exactly", async () => {
  using ext4 = new Ext4();
  using tmpfs = new Tmpfs();
  const path = await prepared(ext4.path);
  const elsewhere = await prepared(tmpfs.path);
  // Not shown: the same process on another file system, and another process on this one.
  await using ours = await startFileIo(...steps(elsewhere), ...steps(path));
  await using tool = await startTool("ext4slower", "0", "--json", "-p", String(ours.pid));
  await runFileIo(`open=${ext4.path}/other:1`, "write=29");
  await finishFileIo(ours);
  const rows = rowsOf<Row>(await stopTool(tool));
  assert.deepEqual(rows.map(({ t, bytes, off_kb }) => [t, bytes, off_kb]), rowsExpected);
  for (const { time, comm, pid, lat_ms, filename } of rows) {
    assert.match(time, /^\d{4}-/);
    assert.deepEqual([comm, pid, filename], ["file_io", ours.pid, "traced file"]);
    assert.ok(lat_ms > 0);
  }
});

test("ext4slower prints bcc's table, and nothing that is faster", async () => {
  using ext4 = new Ext4();
  const path = await prepared(ext4.path);
  await using table = await startTool("ext4slower", "0");
  await using slow = await startTool("ext4slower", "3600000");
  const pid = await runFileIo(`open=${path}:1`, "write=2", "fsync=1");
  const lines = (await stopTool(table)).stdout.split("\n");
  assert.deepEqual(lines.slice(0, 2), [
    "Tracing ext4 operations",
    "TIME     COMM           PID    T BYTES   OFF_KB   LAT(ms) FILENAME",
  ]);
  const own = (line: string) => line.endsWith("traced file") && line.includes(` ${pid} `);
  const rows = lines.filter(own);
  const expected = [
    "O 0       0       ",
    "W 4096    0       ",
    "W 4096    4       ",
    "S 0       0       ",
  ];
  assert.equal(rows.length, expected.length);
  for (const [i, row] of rows.entries()) {
    assert.ok(
      row.slice(9).startsWith(`file_io        ${String(pid).padEnd(6)} ${expected[i]}`),
      row,
    );
    assert.match(row, /^\d\d:\d\d:\d\d .* [ \d]{4}\.\d\d traced file$/);
  }

  const { stdout } = await stopTool(slow);
  assert.equal(
    stdout,
    "Tracing ext4 operations slower than 3600000 ms\n" +
      "TIME     COMM           PID    T BYTES   OFF_KB   LAT(ms) FILENAME\n",
  );
});

const separated = "ext4slower -j prints bcc's comma-separated values";
test(separated, { skip: requires(separated, "speed") }, async () => {
  using ext4 = new Ext4();
  const path = await prepared(ext4.path);
  await using csv = await startTool("ext4slower", "-j", "0");
  const pid = await runFileIo(`open=${path}:1`, "write=2", "fsync=1");
  const [head, ...records] = (await stopTool(csv)).stdout.split("\n");
  assert.equal(head, "ENDTIME_us,TASK,PID,TYPE,BYTES,OFFSET_b,LATENCY_us,FILE");
  const fields = records.filter((line) => line.endsWith(",traced file")).map((line) =>
    line.split(",")
  ).filter((fields) => fields[2] === String(pid));
  assert.deepEqual(fields.map(([, ...rest]) => rest.toSpliced(5, 1)), [
    ["file_io", String(pid), "O", "0", "0", "traced file"],
    ["file_io", String(pid), "W", "4096", "0", "traced file"],
    ["file_io", String(pid), "W", "4096", "4096", "traced file"],
    ["file_io", String(pid), "S", "0", "0", "traced file"],
  ]);
});

const agrees = "ext4slower agrees line by line with libbpf-tools' ext4slower";
test(agrees, { skip: requires(agrees, "fentry") }, async () => {
  using ext4 = new Ext4();
  const path = await prepared(ext4.path);
  await using workload = await startFileIo(...steps(path), `open=${path}.end:1`);
  await keepOnOneCpu(workload.pid);
  const pid = String(workload.pid);
  await using ours = await startTool("ext4slower", "0", "-p", pid);
  const command = ["stdbuf", "-oL", "/usr/sbin/ext4slower", "-m", "0", "-p", pid];
  await using theirs = Running.start(command);
  await theirs.find("stdout", /^TIME/m);
  await finishFileIo(workload);
  await theirs.find("stdout", /\.end\n/);
  // T BYTES OFF_KB; libbpf-tools prints F instead of S, with LL_MAX as its size.
  const normal = (stdout: string) =>
    stdout.split("\n").map((line) => line.trim().split(/\s+/))
      .filter(([, comm]) => comm === "file_io")
      .map(([, , , t, bytes, offset]) => t === "F" ? ["S", "0", offset] : [t, bytes, offset]);
  theirs.kill("SIGINT");
  const expected = normal((await theirs.result).stdout);
  assert.deepEqual(normal((await stopTool(ours)).stdout), expected);
  assert.equal(expected.length, rowsExpected.length + 1);
});
