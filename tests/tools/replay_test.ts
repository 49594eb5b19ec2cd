// Not in guests: what is replayed depends on no kernel.
import { deepEqual, equal, match } from "node:assert/strict";
import { join } from "node:path";
import { test } from "node:test";
import type { RecordShape } from "../../toolkit/records/record_shape.ts";
import { histogramShape, stackShape } from "../../toolkit/records/record_shape.ts";
import { Recorder } from "../../toolkit/recording/recorder.ts";
import { PROJECT } from "../support/build.ts";
import { pageOf, Told } from "../support/page_listener.ts";
import { run, Running } from "../support/process.ts";
import { scriptCommand } from "../support/runtime.ts";
import { Folder } from "../support/workload.ts";

const EXECUTABLE = process.env.TSBCC_EXECUTABLE;
const REPLAY = [
  ...EXECUTABLE ? [EXECUTABLE] : scriptCommand(join(PROJECT, "cli/ts_bcc.ts")),
  "replay",
];
const replay = (...words: string[]) => run([...REPLAY, ...words]);

/** The time of the recordings: a fixed date in the past. */
const THEN = Date.UTC(2026, 0, 2, 3, 4, 5);
const EVENTS: readonly RecordShape[] = [{
  members: { pid: "id", comm: "text", err: "number", path: "text" },
}];
const COUNT = 3000;

/** Makes a recording. @param fill adds records; its second argument sets the time of the next ones */
async function record(
  path: string,
  shapes: readonly RecordShape[],
  isEvent: boolean,
  fill: (recorder: Recorder, at: (ms: number) => void) => void,
): Promise<void> {
  let now = THEN;
  using recorder = new Recorder({
    ...{ tool: "some", summary: "Some tool.", version: "0", arguments: ["-x"], isEvent, shapes },
    ...{ host: "there", kernel: "6.1", started: THEN },
  }, { path, maxBytes: Infinity, files: 1, whenFull: "end", clock: () => now });
  recorder.start(() => {});
  fill(recorder, (ms) => now = THEN + ms);
  await recorder.end();
}

/** A recording of events, every second one with an error. */
const events = (path: string) =>
  record(path, EVENTS, true, (recorder, at) => {
    const keys = ["pid", "comm", "err", "path"] as const;
    type Row = Readonly<Record<typeof keys[number], string | number>>;
    const take = recorder.rows<Row>(keys.map((key) => ({
      head: key.toUpperCase(),
      value: (row) => row[key],
    })));
    for (let i = 0; i < COUNT; i++) {
      at(i);
      const row = { pid: 7, comm: `<b>${i}`, err: i % 2 * 2, path: `/none/${i}` };
      take(row, () => JSON.stringify(row));
    }
    recorder.record("dropped", { what: "calls", total: 3 }, () =>
      JSON.stringify({ record: "dropped", what: "calls", total: 3 }));
  });

interface Rows {
  readonly total: number;
  readonly rows: readonly (readonly [number: number, values: readonly unknown[]])[];
}

/** The numbers of all rows that were sent to a page. */
const numbersOf = (told: Told) =>
  told.all<Rows>("rows").flatMap(({ rows }) => rows.map(([number]) => number));

test("replay --web begins with the page, tells all rows, and later pages the same", async () => {
  using folder = new Folder();
  const [file, copy] = [join(folder.path, "some.rec"), join(folder.path, "copy.rec")];
  await events(file);
  await using served = Running.start([
    ...REPLAY,
    ...["--web", "--record", copy, "--prometheus", "0", "--filter", "err=2 path:none", file],
  ]);
  const url = await pageOf(served);
  const metrics = (await served.find("stderr", /metrics are at (http:\S+)$/m))[1]!;
  await served.find("stderr", /it begins when the page is opened$/m);
  equal(served.hasPrinted("stderr", /all is replayed/), false);
  const told = new Told(url);
  const hello = await told.find<Record<string, unknown>>("hello");
  deepEqual([hello.tool, hello.words], ["some", ["-x"]]);
  match(String(hello.summary), /^Some tool\. Recorded on there from 2026-01-02T03:04:05\.000Z\.$/);
  await told.ended;
  const half = COUNT / 2;
  equal(told.all<Rows>("rows").at(-1)!.total, half);
  deepEqual(numbersOf(told), Array.from({ length: half }, (_, i) => i + 1));
  deepEqual(told.all<Rows>("rows").at(-1)!.rows.at(-1), [half, [
    7,
    `<b>${COUNT - 1}`,
    2,
    `/none/${COUNT - 1}`,
  ]]);
  deepEqual(told.all<{ losses: unknown[] }>("losses").at(-1)!.losses, [
    { kind: "dropped", what: "calls", total: 3 },
  ]);
  await served.find("stderr", /all is replayed; Ctrl-C ends$/m);
  const later = new Told(url);
  await later.ended;
  deepEqual(numbersOf(later), numbersOf(told));
  match(await (await fetch(metrics)).text(), /^tsbcc_some_events_total\{comm="<b>1"\} 1$/m);
  served.kill("SIGINT");
  equal((await served.result).status, 0);

  // A recording of a replay keeps the times and the machine of the original recording.
  const [filtered, copied, table, about] = await Promise.all([
    replay("--json", "--filter", "ERR>1", file),
    replay("--json", copy),
    replay("--filter=-err=0 path:/1$/", file),
    replay("--about", copy),
  ]);
  deepEqual([copied.status, copied.stdout], [0, filtered.stdout]);
  equal(filtered.stdout.trimEnd().split("\n").length, half + 1);
  const rows = table.stdout.trimEnd().split("\n");
  deepEqual(
    [rows[0], rows.length, rows.at(-1)],
    ["PID COMM ERR PATH", 1 + COUNT / 10 + 1, "dropped: what = calls, total = 3"],
  );
  match(
    about.stdout,
    /^tool: {5}some -x .*\nmachine: {2}there, Linux 6\.1\nstarted: {2}2026-01-02T/,
  );
  match(
    about.stdout,
    /\nrecords: {2}1501, 2026-01-02T03:04:05\.001Z to 2026-01-02T03:04:07\.999Z\n/,
  );
});

test("replay --web shows histograms and stacks with the times that they had", async () => {
  using folder = new Folder();
  const file = join(folder.path, "some.rec");
  const stacks = { userOnly: false, kernelOnly: false, threads: false };
  const shapes = [histogramShape(), stackShape("samples", stacks)];
  await record(file, shapes, false, (recorder, at) => {
    for (let second = 0; second < 3; second++) {
      at(second * 300);
      recorder.begin();
      const time = new Date(THEN + second * 300).toISOString();
      for (
        const [kind, members] of [
          ["histogram", { value: "usecs", buckets: [{ low: 0, high: 1, count: second + 1 }] }],
          ["stack", { pid: 7, comm: "a", samples: second + 1, user: ["f", "main"], kernel: [] }],
        ] as const
      ) {
        const record = { record: kind, time, ...members };
        recorder.record(kind, record, () => JSON.stringify(record));
        // Ends a block in the middle of the report.
        recorder.write();
      }
    }
  });
  await using served = Running.start([...REPLAY, "--web", "--speed", "as-it-was", file]);
  const told = new Told(await pageOf(served));
  await told.ended;
  const reports = told.all<
    { time: number; number: number; records: [string, { samples: number }][] }
  >(
    "report",
  );
  deepEqual(
    reports.map(({ time, number, records }) => [time - THEN, number, records.length]),
    [[0, 1, 2], [300, 2, 2], [600, 3, 2]],
  );
  deepEqual(reports.map(({ records }) => records[1]![1].samples), [1, 2, 3]);
  served.kill("SIGINT");
  equal((await served.result).status, 0);
});

test("replay refuses filters that are none, and to write over what it reads", async () => {
  using folder = new Folder();
  const file = join(folder.path, "some.rec.1");
  await events(file);
  const base = join(folder.path, "some.rec");
  const refused = await Promise.all([
    replay("--filter", "pth:x", file),
    replay("--filter", "/(/", file),
    replay("--record", file, file),
    replay("--record", base, "--record-size", "1", file),
    replay("--record-size", "1", file),
  ]);
  deepEqual(refused.map(({ status, stderr }) => [status, stderr.split("\n")[0]]), [
    [
      2,
      'ts-bcc: no record of some has a key "pth": there are pid, comm, err, path; /pattern/ searches everywhere',
    ],
    [2, refused[1].stderr.split("\n")[0]],
    [2, `ts-bcc: --record would write over "${file}", which is replayed: name another file`],
    [2, `ts-bcc: --record would write over "${file}", which is replayed: name another file`],
    [2, "ts-bcc: --record-size, --record-files and --record-full are those of --record"],
  ]);
  match(refused[1].stderr, /^ts-bcc: the filter is none: Invalid regular expression/);
  const { stdout } = await replay("--about", file);
  match(stdout, new RegExp(`\\nrecords:  ${COUNT + 1}, .*\\nmissing:  nothing\\n$`));
});
