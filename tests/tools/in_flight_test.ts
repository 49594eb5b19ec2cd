// Not in guests: ten thousand threads take a minute and more under emulation.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { closeSync, openSync } from "node:fs";
import { test } from "node:test";
import { buildProgram } from "../support/build.ts";
import { Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";
import { Folder } from "../support/workload.ts";

/** The same as CALLS of toolkit/kernel/base/maps.h: the size of maps of calls in flight. */
const ROOM = 10_240;
const [OVER, LATE] = [7, 20];

interface Row {
  readonly record?: string;
  readonly pid: number;
}

/** Starts a process whose threads will all block in open() of a FIFO. */
async function blockedOpens(fifo: string, count: number): Promise<Running> {
  const running = Running.start([buildProgram("blocked_opens.c"), fifo, String(count)]);
  await running.find("stdout", /^pid \d+$/m);
  return running;
}

/** Opens the FIFO for writing, so that all threads continue. */
async function release(fifo: string, ...blocked: readonly Running[]): Promise<void> {
  const fd = openSync(fifo, "w");
  for (const { result } of blocked) {
    const { status, stderr } = await result;
    assert.equal(status, 0, stderr);
  }
  closeSync(fd);
}

const name =
  "opensnoop tells how many calls had no room in flight, and the filter that it names makes room";
test(name, { skip: requires(name, "speed", "manyThreads") }, async () => {
  using folder = new Folder();
  const fifo = `${folder.path}/fifo`;
  assert.equal(spawnSync("mkfifo", [fifo]).status, 0);
  await using many = await blockedOpens(fifo, ROOM + OVER);
  await using few = await blockedOpens(fifo, LATE);
  const args = ["-n", "blocked", "-b", "2048"];
  await using all = await startTool("opensnoop", "--json", ...args);
  await using filtered = await startTool("opensnoop", "--json", ...args, "-p", String(few.pid));
  for (const each of [many, few]) {
    each.send();
    await each.find("stdout", /^blocked$/m);
  }
  await release(fifo, many, few);

  const result = await stopTool(all);
  const rows = rowsOf<Row>(result);
  const total = OVER + LATE;
  assert.deepEqual(rows.filter(({ record }) => record !== undefined).at(-1), {
    record: "dropped",
    what: "calls",
    total,
  });
  const shown = rows.filter(({ record }) => record === undefined).map(({ pid }) => pid);
  assert.deepEqual([...new Set(shown)], [many.pid]);
  assert.equal(shown.length, ROOM);
  assert.equal(
    result.stderr.trimEnd().split("\n").at(-1),
    `opensnoop: dropped ${total} calls in all: more were in flight at a time than the kernel's map has room for: ` +
      "leave some out by a filter (--help lists them)",
  );

  const helped = await stopTool(filtered);
  assert.equal(helped.stderr, `ready\nopensnoop: process ${few.pid} ended\n`);
  assert.deepEqual(rowsOf<Row>(helped).map(({ pid }) => pid), Array(LATE).fill(few.pid));
});
