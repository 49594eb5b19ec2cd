import assert from "node:assert/strict";
import { test } from "node:test";
import { hasTracepoint } from "../../mod.ts";
import { BLOCK, Disk } from "../support/disk.ts";
import { BLOCK_EVENTS, exactly } from "../support/hidden_events.ts";
import { requires } from "../support/requires.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";

interface Row {
  time_s: number;
  comm: string;
  pid: number;
  disk: string;
  t: string;
  sector: number;
  bytes: number;
  p?: string;
  que_ms?: number;
  lat_ms: number;
}

const SECTORS = BLOCK / 512;

/** The rows of dd's requests. */
const expected = (pid: number, { name: disk }: Disk, t: string, count: number) =>
  Array.from({ length: count }, (_, i) => ({
    comm: "dd",
    pid,
    disk,
    t,
    sector: i * SECTORS,
    bytes: BLOCK,
  }));

test(
  "biosnoop -d reports 101 writes and 53 reads of that disk, exactly and in order",
  exactly(BLOCK_EVENTS, async (watch) => {
    using disk = new Disk();
    using other = new Disk();
    await using tool = await startTool("biosnoop", "-Q", "--json", "-d", disk.name);
    watch();
    const writer = await disk.write(101);
    const reader = await disk.read(53);
    await other.write(13); // later requests: the kernel wakes a writer before block_rq_complete
    const rows = rowsOf<Row>(await stopTool(tool));
    // Other processes, such as udev, may read a new disk.
    const ours = rows.filter(({ pid }) => pid === writer || pid === reader);
    assert.deepEqual(
      ours.map(({ time_s: _time, que_ms: _queued, lat_ms: _latency, ...rest }) => rest),
      [...expected(writer, disk, "W", 101), ...expected(reader, disk, "R", 53)],
    );
    assert.deepEqual(rows.filter((row) => row.disk !== disk.name), []);
    for (const { time_s, que_ms, lat_ms } of rows) {
      assert.ok(time_s >= 0 && que_ms! >= 0 && lat_ms > 0);
    }
  }),
);

/**
 * Before Linux 6.5 no tracepoint names the process that requests a flush, or a write with a flush after
 * it: tools then show the thread that issued the request to the disk.
 */
const isAskerKnown = hasTracepoint("block", "block_io_start").answer === "yes";

test(
  "biosnoop shows 11 flushes of a process, and those behind its durable writes",
  exactly(BLOCK_EVENTS, async (watch) => {
    using disk = new Disk();
    await using tool = await startTool("biosnoop", "--json", "-Q", "-d", disk.name);
    watch();
    const flusher = await disk.flush(11);
    const writer = await disk.writeDurably(5);
    const last = await disk.write(1); // a later request: a writer is woken before block_rq_complete
    // Other processes, such as udev, may read a new disk.
    const rows = rowsOf<Row>(await stopTool(tool)).filter(({ t, pid }) =>
      t !== "R" && pid !== last
    );
    assert.ok(rows.every(({ que_ms, lat_ms }) => que_ms! >= 0 && lat_ms > 0));
    const ours = rows.map(({ time_s: _time, que_ms: _queued, lat_ms: _latency, ...rest }, i) => {
      if (isAskerKnown) return rest;
      return {
        ...rest,
        ...i < 11 ? { pid: flusher, comm: "file_io" } : { pid: writer, comm: "dd" },
      };
    });
    const flush = (pid: number, comm: string) => ({
      comm,
      pid,
      disk: disk.name,
      t: "F",
      sector: 0,
      bytes: 0,
    });
    assert.deepEqual(ours, [
      ...Array<unknown>(11).fill(flush(flusher, "file_io")),
      // Two flushes follow each write: one because a loop device has no FUA, and that of fsync().
      ...expected(writer, disk, "W", 5)
        .flatMap((write) => [write, flush(writer, "dd"), flush(writer, "dd")]),
    ]);
  }),
);

test(
  "biosnoop -p shows no flushes of others",
  {
    skip: requires("biosnoop -p shows no flushes of others", "blockIoStart"),
  },
  exactly(BLOCK_EVENTS, async (watch) => {
    using disk = new Disk();
    await using writer = disk.heldWriter(3);
    await using tool = await startTool("biosnoop", "--json", "-p", String(writer.pid));
    watch();
    await disk.flush(7);
    await disk.writeDurably(3);
    writer.send();
    assert.equal((await writer.result).status, 0);
    await disk.flush(7);
    const rows = rowsOf<Row>(await stopTool(tool));
    assert.deepEqual(rows.map(({ t, pid }) => [t, pid]), Array(3).fill(["W", writer.pid]));
  }),
);

test(
  "biosnoop prints bcc's table",
  { skip: requires("biosnoop prints bcc's table", "speed") },
  async () => {
    using disk = new Disk();
    await using tool = await startTool("biosnoop", "-P", "-Q", "-d", disk.path);
    const pid = await disk.write(2);
    await disk.write(1);
    const { stdout } = await stopTool(tool);
    const lines = stdout.split("\n");
    assert.equal(
      lines[0],
      "TIME(s)     COMM           PID     DISK      T SECTOR     BYTES   P QUE(ms) LAT(ms)",
    );
    const row = (pid: string, sector: number, pattern: string) =>
      new RegExp(
        `^\\d+\\.\\d{6}    dd             ${pid} ${disk.name.padEnd(9)} W ` +
          `${String(sector).padEnd(10)} 4096    ${pattern} [ \\d]{4}\\.\\d\\d [ \\d]{4}\\.\\d\\d$`,
      );
    const written = lines.filter((line) => / dd +\d+ /.test(line));
    assert.match(written[0]!, row(String(pid).padEnd(7), 0, "[?R]"));
    assert.match(written[1]!, row(String(pid).padEnd(7), SECTORS, "S"));
    assert.match(written[2]!, row("\\d+ +", 0, "R"));
  },
);

test(
  "biosnoop -p reports the requests of that process only",
  exactly(BLOCK_EVENTS, async (watch) => {
    using disk = new Disk();
    await using writer = disk.heldWriter(29);
    await using tool = await startTool("biosnoop", "--json", "-p", String(writer.pid));
    watch();
    await disk.write(13);
    writer.send();
    assert.equal((await writer.result).status, 0);
    const rows = rowsOf<Row>(await stopTool(tool));
    assert.deepEqual(
      rows.map(({ time_s: _time, lat_ms: _latency, ...rest }) => rest),
      expected(writer.pid, disk, "W", 29),
    );
  }),
);
