import assert from "node:assert/strict";
import { closeSync, fsyncSync, openSync, writeSync } from "node:fs";
import { test } from "node:test";
import { hasTracepoint } from "../../mod.ts";
import { BLOCK, Disk } from "../support/disk.ts";
import { Running } from "../support/process.ts";
import { BLOCK_EVENTS, exactly } from "../support/hidden_events.ts";
import { requires } from "../support/requires.ts";
import { READY, rowsOf, startTool, stopTool, toolCommand } from "../support/tool.ts";

interface Row {
  pid: number;
  comm: string;
  d: string;
  maj: number;
  disk: string;
  io: number;
  kbytes: number;
  avg_ms: number;
}

const LOOP_MAJOR = 7;
const KBYTES = BLOCK / 1024;

/** Writes blocks from this process; the kernel decides into how many requests. */
function writeThrough({ path }: Disk, blocks: number): void {
  const fd = openSync(path, "r+");
  try {
    writeSync(fd, new Uint8Array(blocks * BLOCK).fill(1));
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

test(
  "biotop counts 101 writes and 53 reads by process and disk, and its reports add up",
  exactly(BLOCK_EVENTS, async (watch) => {
    using disk = new Disk();
    using other = new Disk();
    await using tool = await startTool("biotop", "--json", "0.05");
    watch();
    const pids = [await disk.write(101), await other.write(13), await disk.read(53)];
    await disk.write(1); // a later request: the kernel wakes a reader before block_rq_complete
    const sums = new Map<string, [io: number, kbytes: number]>();
    for (const row of rowsOf<Row>(await stopTool(tool))) {
      if (!pids.includes(row.pid)) continue;
      assert.ok(row.avg_ms > 0);
      const key = [row.pid, row.comm, row.d, row.maj, row.disk].join(" ");
      const [io, kbytes] = sums.get(key) ?? [0, 0];
      sums.set(key, [io + row.io, kbytes + row.kbytes]);
    }
    assert.deepEqual(
      sums,
      new Map([
        [`${pids[0]} dd W ${LOOP_MAJOR} ${disk.name}`, [101, 101 * KBYTES]],
        [`${pids[1]} dd W ${LOOP_MAJOR} ${other.name}`, [13, 13 * KBYTES]],
        [`${pids[2]} dd R ${LOOP_MAJOR} ${disk.name}`, [53, 53 * KBYTES]],
      ]),
    );
  }),
);

test(
  "biotop counts 11 flushes of a process",
  exactly(BLOCK_EVENTS, async (watch) => {
    using disk = new Disk();
    await using tool = await startTool("biotop", "--json", "0.05");
    watch();
    const pid = await disk.flush(11);
    await disk.write(1); // a later request: the kernel wakes a writer before block_rq_complete
    // Before Linux 6.5 no tracepoint names the process that requests a flush.
    const isAskerKnown = hasTracepoint("block", "block_io_start").answer === "yes";
    const rows = rowsOf<Row>(await stopTool(tool))
      .filter((row) =>
        row.disk === disk.name && row.d === "F" && (!isAskerKnown || row.pid === pid)
      );
    assert.equal(rows.reduce((sum, { io }) => sum + io, 0), 11);
    assert.ok(rows.every(({ kbytes, avg_ms }) => kbytes === 0 && avg_ms > 0));
  }),
);

test("biotop prints bcc's table, also of a process that paused", {
  skip: requires("biotop prints bcc's table, also of a process that paused", "speed"),
}, async () => {
  using disk = new Disk();
  await using tool = await startTool("biotop", "-C", "-p", String(process.pid), "0.1");
  writeThrough(disk, 13);
  await disk.write(7);
  await tool.find("stdout", new RegExp(`\n${process.pid} [^]*\n[^]*loadavg[^]*loadavg[^]*\n`));
  writeThrough(disk, 29);
  const { stdout } = await stopTool(tool);
  assert.match(
    stdout,
    new RegExp(
      "^Tracing... Output every 0.1 secs. Hit Ctrl-C to end\n\n" +
        "\\d\\d:\\d\\d:\\d\\d loadavg: \\d[^\n]+\n\n" +
        "PID     COMM             D MAJ MIN DISK       I/O  Kbytes  AVGms\n",
    ),
  );
  const minor = disk.name.slice("loop".length).padEnd(3);
  const row = new RegExp(
    `^${String(process.pid).padEnd(7)} .{16} W 7   ${minor} ${disk.name.padEnd(8)} ` +
      " {0,4}\\d+ ([ \\d]{7}) [ \\d]{3}\\.\\d\\d$",
    "gm",
  );
  const kbytes = [...stdout.matchAll(row)].map(([, kbytes]) => Number(kbytes));
  assert.equal(kbytes.reduce((a, b) => a + b, 0), (13 + 29) * KBYTES);
  assert.ok(!/ dd /.test(stdout));
});

test(
  "biotop -r shows the busiest only",
  {
    skip: requires("biotop -r shows the busiest only", "speed"),
  },
  exactly(BLOCK_EVENTS, async (watch) => {
    using disk = new Disk();
    using other = new Disk();
    const args = ["-r", "1", "--json", "-p", String(process.pid), "1000"];
    await using tool = await startTool("biotop", ...args);
    watch();
    writeThrough(disk, 13);
    writeThrough(other, 29);
    const rows = rowsOf<Row>(await stopTool(tool));
    assert.deepEqual(rows.map(({ disk, kbytes }) => [disk, kbytes]), [[other.name, 29 * KBYTES]]);
  }),
);

const terminal = "biotop redraws on a terminal";
test(terminal, { skip: requires(terminal, "speed") }, async () => {
  const command = [...toolCommand("biotop"), "0.1", "2"].join(" ");
  await using tool = Running.start(["script", "-qec", command, "/dev/null"], READY);
  const { status, stdout } = await tool.result;
  assert.equal(status, 0);
  assert.equal(stdout.split("\x1b[H\x1b[2J").length, 3);
});
