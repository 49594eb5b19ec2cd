import assert from "node:assert/strict";
import { test } from "node:test";
import { Disk } from "../support/disk.ts";
import { type Result, Running } from "../support/process.ts";
import { BLOCK_EVENTS, exactly } from "../support/hidden_events.ts";
import { requires } from "../support/requires.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";

interface Row {
  record: string;
  value: string;
  flags?: string;
  disk?: string;
  count?: number;
  total?: number;
  average?: number;
  buckets?: { count: number }[];
}

/**
 * The number of requests in the histograms of `--json`, by the name that `name` gives a histogram.
 */
function counts(result: Result, name: (row: Row) => string | undefined): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const row of rowsOf<Row>(result)) {
    for (const { count } of row.buckets ?? []) {
      const key = name(row) ?? "";
      sums[key] = (sums[key] ?? 0) + count;
    }
  }
  return sums;
}

/** The number of requests in the histograms of a text output. */
const countsIn = (text: string): number =>
  [...text.matchAll(/-> \d+ +: (\d+) /g)].reduce((sum, [, count]) => sum + Number(count), 0);

const DIRECT_WRITE = "Idle-Sync-Write";
const DIRECT_READ = "Sync-Read";

test(
  "biolatency -F -d counts 101 writes and 53 reads of that disk, exactly",
  exactly(BLOCK_EVENTS, async (watch) => {
    using disk = new Disk();
    using other = new Disk();
    await using tool = await startTool("biolatency", "-F", "-e", "-j", "-d", disk.name);
    watch();
    await disk.write(101);
    await disk.read(53);
    await other.write(13); // later requests: the kernel wakes a reader before block_rq_complete
    const result = await stopTool(tool);
    const { [DIRECT_WRITE]: written, [DIRECT_READ]: read } = counts(result, ({ flags }) => flags);
    assert.deepEqual([written, read], [101, 53]);

    const [summary] = rowsOf<Row>(result).filter(({ record }) => record === "summary");
    const { count, total, average, value } = summary!;
    assert.equal(count, 101 + 53);
    assert.equal(value, "usecs");
    assert.ok(total! > 0 && Math.abs(average! - total! / count!) < 1, JSON.stringify(summary));
  }),
);

test(
  "biolatency counts 11 flushes of that disk, by themselves with -F",
  exactly(BLOCK_EVENTS, async (watch) => {
    using disk = new Disk();
    using other = new Disk();
    await using tool = await startTool("biolatency", "-F", "-j", "-d", disk.name);
    watch();
    await disk.flush(11);
    await other.flush(7);
    await disk.write(1);
    const { Flush: flushed } = counts(await stopTool(tool), ({ flags }) => flags);
    assert.equal(flushed, 11);
  }),
);

test(
  "biolatency -D -Q tells disks apart, and its reports add up",
  exactly(BLOCK_EVENTS, async (watch) => {
    using disk = new Disk();
    using other = new Disk();
    await using tool = await startTool("biolatency", "-D", "-Q", "--json", "0.05");
    watch();
    await disk.write(101);
    await tool.find("stdout", new RegExp(`"disk":"${disk.name}"`));
    await disk.write(101);
    await other.write(13);
    const result = await stopTool(tool);
    const byDisk = counts(result, ({ disk }) => disk);
    assert.deepEqual([byDisk[disk.name], byDisk[other.name]], [2 * 101, 13]);
    const reports = rowsOf<Row>(result).filter((row) => row.disk === disk.name);
    assert.ok(reports.length > 1);
  }),
);

test("biolatency prints bcc's histogram, and the time with -T", {
  skip: requires("biolatency prints bcc's histogram, and the time with -T", "speed"),
}, async () => {
  using disk = new Disk();
  await using tool = await startTool("biolatency", "-mTe", "-d", disk.path);
  await disk.write(29);
  const { stdout } = await stopTool(tool);
  assert.match(
    stdout,
    new RegExp(
      "^Tracing block device I/O... Hit Ctrl-C to end.\n\n\\d\\d:\\d\\d:\\d\\d\n" +
        "     msecs               : count     distribution\n" +
        "         0 -> 1          : \\d+ +\\|\\**.*\\|\n[^]*" +
        "\navg = \\d+ msecs, total: \\d+ msecs, count: 29\n$",
    ),
  );
  assert.equal(countsIn(stdout), 29);
});

test("biolatency ends after the reports it was asked for", {
  skip: requires("biolatency ends after the reports it was asked for", "speed"),
}, async () => {
  await using tool = await startTool("biolatency", "-F", "0.1", "2");
  const { status, stdout } = await tool.result;
  assert.equal(status, 0);
  assert.match(stdout, /^Tracing[^\n]+\n\n/);
});

test("biolatency counts what libbpf-tools' biolatency counts", async () => {
  using disk = new Disk();
  using other = new Disk();
  await using ours = await startTool("biolatency", "-d", disk.name);
  await using theirs = Running.start(["stdbuf", "-oL", "/usr/sbin/biolatency", "-d", disk.name]);
  await theirs.find("stdout", /^Tracing/);
  await disk.write(211);
  await other.write(13);
  const { stdout } = await stopTool(ours);
  theirs.kill("SIGINT");
  assert.equal(countsIn((await theirs.result).stdout), 211);
  assert.equal(countsIn(stdout), 211);
});
