import assert from "node:assert/strict";
import { test } from "node:test";
import { Ext4 } from "../support/disk.ts";
import { finishFileIo, startFileIo } from "../support/file_io.ts";
import type { Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";

interface Row {
  time: string;
  hits: number;
  misses: number;
  dirties: number;
  hitratio: number;
  buffers_mb: number;
  cached_mb: number;
}

const LONG = "1000"; // seconds: one report, when the tool is stopped

/** Lets the workload run until it waits for the `times`th time. */
async function goOn(workload: Running, times: number): Promise<void> {
  workload.send();
  await workload.find("stdout", new RegExp(`(waiting\n){${times}}`));
}

/** Stops the tool; returns its only record. */
async function reportOf(tool: Running): Promise<Row> {
  const rows = rowsOf<Row>(await stopTool(tool));
  assert.equal(rows.length, 1);
  return rows[0]!;
}

/**
 * Steps of file_io.c that make a file of 101 pages, outside the page cache and without read-ahead.
 */
const fresh = ({ path }: Ext4): string[] => [`open=${path}/file:1`, "write=101", "forget", "start"];

test("cachestat -p counts 101 misses, 53 hits and 7 dirtied buffers, exactly", async () => {
  using ext4 = new Ext4();
  await using workload = await startFileIo(
    ...fresh(ext4),
    ...["wait", "read=101", "start", "read=53", "wait", "start", "write=7"],
  );
  await using idle = await startFileIo();
  const start = ({ pid }: Running) => startTool("cachestat", "--json", "-p", String(pid), LONG);

  await goOn(workload, 1);
  await using nothing = await start(idle);
  await using reading = await start(workload);
  await goOn(workload, 2);
  const { time: _time, buffers_mb, cached_mb, ...counts } = await reportOf(reading);
  assert.deepEqual(counts, { hits: 53, misses: 101, dirties: 0, hitratio: 100 * 53 / 154 });
  assert.ok(buffers_mb >= 0 && cached_mb > 0);

  await using writing = await start(workload);
  await finishFileIo(workload);
  assert.equal((await reportOf(writing)).dirties, 7);
  const { hits, misses, dirties } = await reportOf(nothing);
  assert.deepEqual([hits, misses, dirties], [0, 0, 0]);
});

const beside = "cachestat counts what is read beside what is written";
test(beside, { skip: requires(beside, "speed") }, async () => {
  using ext4 = new Ext4();
  await using workload = await startFileIo(
    ...fresh(ext4),
    ...["wait", "read=101", "start", "read=53", "start", "write=97"],
  );
  await goOn(workload, 1);
  await using tool = await startTool("cachestat", "--json", "-p", String(workload.pid), LONG);
  await finishFileIo(workload);
  const { hits, misses, dirties } = await reportOf(tool);
  assert.deepEqual([hits + misses, dirties], [101 + 53, 97]);
});

// At least, because the tool counts other processes as well.
test("cachestat counts at least what one process does", {
  skip: requires("cachestat counts at least what one process does", "speed"),
}, async () => {
  using ext4 = new Ext4();
  const reads = Array.from({ length: 101 }, () => ["start", "read=101"]).flat();
  await using workload = await startFileIo(...fresh(ext4), "wait", ...reads);
  await goOn(workload, 1);
  await using tool = await startTool("cachestat", "--json", LONG);
  await finishFileIo(workload);
  const { hits, misses } = await reportOf(tool);
  assert.ok(hits + misses >= 10_007, `${hits} ${misses}`);
  assert.ok(hits >= 5_003, `${hits} ${misses}`);
});

test("cachestat -T prints bcc's table, and ends after the reports it was asked for", {
  skip: requires(
    "cachestat -T prints bcc's table, and ends after the reports it was asked for",
    "speed",
  ),
}, async () => {
  await using tool = await startTool("cachestat", "-T", "0.1", "3");
  const { status, stdout } = await tool.result;
  assert.equal(status, 0);
  const [heading, ...rows] = stdout.trimEnd().split("\n");
  assert.equal(
    heading,
    "TIME         HITS   MISSES  DIRTIES HITRATIO   BUFFERS_MB  CACHED_MB",
  );
  assert.equal(rows.length, 3);
  for (const row of rows) {
    assert.match(row, /^\d\d:\d\d:\d\d( [ \d]{7}\d){3} [ \d]{4}\.\d\d% [ \d]{11}\d [ \d]{9}\d$/);
  }
});
