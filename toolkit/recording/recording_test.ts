/** Recordings, from records to the same records. */

import { deepEqual, equal, ok, throws } from "node:assert/strict";
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { gunzipSync } from "node:zlib";
import type { Column } from "../output/columns.ts";
import { jsonRow } from "../output/columns.ts";
import type { Destination } from "../output/destination.ts";
import { BlockKind, encodeBlock, HEAD_BYTES, MAX_TEXT_BYTES, readHead, readText } from "./block.ts";
import { Recorder, type RecorderOptions } from "./recorder.ts";
import { Recording } from "./recording.ts";
import { parseLine } from "./recorded.ts";
import { Giver, replay } from "./replay.ts";

interface Row {
  readonly pid: number;
  readonly comm: string;
  readonly id: bigint;
}

const COLUMNS: readonly Column<Row>[] = [
  { head: "PID", width: 7, value: ({ pid }) => pid },
  { head: "COMM", width: 4, value: ({ comm }) => comm, text: ({ comm }) => comm.slice(0, 4) },
  { head: "ID", value: ({ id }) => id },
];
const ROW = jsonRow(COLUMNS);
const RECORDED = {
  ...{ tool: "some", summary: "Some.", version: "1", arguments: ["-x"], isEvent: true, shapes: [] },
};
/** A text that cannot be compressed, so that a few rows fill a file. */
const noise = (seed: number) =>
  Array.from(
    { length: 2000 },
    (_, i) => ((seed * 7919 + i * i * 31 + i * 104729) % 65521).toString(36),
  )
    .join("");
const rowOf = (i: number, comm = `ab,"row":{}${i}`): Row => ({
  pid: i,
  comm,
  id: 2n ** 64n - BigInt(i),
});

class TempFolder implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), "ts-bcc-recording-"));
  file = (name: string) => join(this.path, name);
  [Symbol.dispose]() {
    rmSync(this.path, { recursive: true });
  }
}

const options = (path: string, more: Partial<RecorderOptions> = {}): RecorderOptions => ({
  ...{ path, maxBytes: Infinity, files: 1, whenFull: "end" },
  ...more,
});

/** Records rows, in blocks of `perBlock`. */
function record(settings: RecorderOptions, rows: readonly Row[], perBlock: number): number {
  using recorder = new Recorder(RECORDED, settings);
  const take = recorder.rows(COLUMNS);
  for (const [i, row] of rows.entries()) {
    take(row, () => ROW(row));
    if (i % perBlock === perBlock - 1) recorder.write();
  }
  recorder.end();
  return recorder.dropped;
}

/** The rows of files, as lines and as what their table shows. */
function replayed(...paths: string[]) {
  using recording = Recording.open(paths);
  const lines: string[] = [];
  const cells: string[][] = [];
  const destination: Destination = {
    rows: (columns) => (row, json) => {
      lines.push(json());
      cells.push(columns.map((column) => column.text?.(row) ?? String(column.value(row))));
    },
    record: (_kind, _members, json) => void lines.push(json()),
  };
  const giver = new Giver(destination);
  for (const block of recording.blocks()) {
    giver.begin();
    for (const line of block) giver.give(line);
  }
  return { lines, cells, missing: recording.missing, head: recording.head };
}

const NOTHING = { records: 0, bytes: 0, lines: 0, hasEnd: true, dropped: 0 };

test("what is recorded comes again, every digit and byte, and zcat shows it", () => {
  using folder = new TempFolder();
  const path = folder.file("rec");
  const rows = Array.from({ length: 101 }, (_, i) => rowOf(i));
  equal(record(options(path), rows, 13), 0);
  const { lines, cells, missing, head } = replayed(path);
  deepEqual(lines, rows.map(ROW));
  deepEqual(cells[7], ["7", 'ab,"', "18446744073709551609"]);
  deepEqual(missing, NOTHING);
  deepEqual([head?.tool, head?.arguments], ["some", ["-x"]]);
  equal(statSync(path).mode & 0o777, 0o600);
  const text = gunzipSync(readFileSync(path)).toString();
  equal(text.split("\n").filter((line) => line.includes('"row":{"pid"')).length, 101);
});

test("a damaged or cut file loses its damaged blocks only, and tells how much", () => {
  using folder = new TempFolder();
  const path = folder.file("rec");
  const rows = Array.from({ length: 70 }, (_, i) => rowOf(i));
  record(options(path), rows, 7);
  const whole = readFileSync(path);
  const starts: number[] = [];
  for (let at = 0; at < whole.length; at += readHead(whole, at)!.size) starts.push(at);
  equal(starts.length, 1 + 10 + 1);
  const all = rows.map(ROW);
  const damaged = (change: (bytes: Buffer) => Uint8Array) => {
    writeFileSync(path, change(Buffer.from(whole)));
    return replayed(path);
  };
  /** All but the rows of these blocks of seven. */
  const without = (...blocks: number[]) =>
    all.filter((_, i) => !blocks.includes(Math.floor(i / 7)));
  // One byte of each block, in its head or its text.
  for (const [i, start] of starts.entries()) {
    for (const offset of [3, 20, 37, HEAD_BYTES + 5, (starts[i + 1] ?? whole.length) - start - 1]) {
      const { lines, missing } = damaged((bytes) => {
        bytes[start + offset]! ^= 0x55;
        return bytes;
      });
      const isRecords = i > 0 && i < 11;
      deepEqual(lines, isRecords ? without(i - 1) : all, `block ${i} at ${offset}`);
      deepEqual(missing, {
        ...NOTHING,
        records: isRecords ? 7 : 0,
        bytes: (starts[i + 1] ?? whole.length) - start,
        hasEnd: i !== 11,
      });
    }
  }
  // Missing bytes, and extra bytes, cost the block that they are in.
  const gone = damaged((bytes) =>
    Buffer.concat([bytes.subarray(0, starts[3]! + 60), bytes.subarray(starts[3]! + 77)])
  );
  deepEqual([gone.lines, gone.missing.records], [without(2), 7]);
  const more = damaged((bytes) =>
    Buffer.concat([
      bytes.subarray(0, starts[5]),
      Buffer.alloc(99, 0x1f),
      bytes.subarray(starts[5]!),
    ])
  );
  deepEqual([more.lines, more.missing.records, more.missing.bytes], [all, 0, 99]);
  // Cut anywhere, also at the end of a block.
  for (const end of [starts[4]! - 1, starts[4]!, starts[4]! + 20, starts[4]! + 100]) {
    const { lines, missing } = damaged((bytes) => bytes.subarray(0, end));
    deepEqual(lines, end < starts[4]! ? all.slice(0, 14) : all.slice(0, 21), `cut at ${end}`);
    equal(missing.hasEnd, false);
  }
  throws(() => damaged(() => Buffer.from("no recording")), /has no whole block of a recording/);
  throws(() => damaged(() => Buffer.alloc(0)), /has no whole block of a recording/);
});

test("files are rotated by size, so many are kept, and together they are one recording", () => {
  using folder = new TempFolder();
  const path = folder.file("rec");
  const rows = Array.from({ length: 64 }, (_, i) => rowOf(i, noise(i)));
  equal(record(options(path, { maxBytes: 50_000, files: 4 }), rows, 2), 0);
  const names = [path, `${path}.1`, `${path}.2`, `${path}.3`];
  ok(names.every(existsSync) && !existsSync(`${path}.4`));
  ok(names.every((name) => statSync(name).size <= 50_000), "no file is larger than it may be");
  const { lines, missing } = replayed(...names);
  ok(lines.length > 20 && lines.length < 64, String(lines.length));
  deepEqual(lines, rows.slice(-lines.length).map(ROW));
  deepEqual(missing, NOTHING);
  // In any order; a file that is not given is missing.
  deepEqual(replayed(...names.toReversed()).lines, lines);
  const some = replayed(names[3]!, names[0]!);
  equal(some.missing.records, lines.length - some.lines.length);
  // An existing recording is renamed to `.1`, and is another recording.
  record(options(path, { maxBytes: 50_000, files: 4 }), rows.slice(0, 1), 1);
  throws(() => replayed(path, `${path}.1`), {
    name: "UsageError",
    message: /is of another recording/,
  });
});

test("a recording replaces recordings only, and follows no links", () => {
  using folder = new TempFolder();
  const [path, other, link] = [folder.file("rec"), folder.file("other"), folder.file("link")];
  record(options(path), [rowOf(1)], 1);
  record(options(path), [rowOf(2)], 1);
  deepEqual(replayed(path).lines, [ROW(rowOf(2))]);
  writeFileSync(other, "precious");
  symlinkSync(other, link);
  const refused: [string, RegExp][] = [
    [
      other,
      /^Cannot record to ".*": it holds something that is no recording: remove it, or name another file$/,
    ],
    [link, /^Cannot record to ".*\(ELOOP\): it is a symbolic link/],
    [folder.path, /^Cannot record to ".*\(EISDIR\): it is a folder/],
    [folder.file("no/rec"), /^Cannot record to ".*\(ENOENT\): make the folder/],
    ["/dev/null", /^Cannot record to "\/dev\/null": .*\(EINVAL\): recordings are regular files/],
  ];
  for (const [name, message] of refused) {
    throws(() => new Recorder(RECORDED, options(name)), { message });
  }
  equal(readFileSync(other, "utf8"), "precious");
  using _first = new Recorder(RECORDED, options(path));
  throws(() => new Recorder(RECORDED, options(path)), /another tool records to it/);
});

test("blocks that say they are enormous are not believed", () => {
  const bomb = encodeBlock(
    { kind: BlockKind.records, number: 0, before: 0, count: 1 },
    " ".repeat(MAX_TEXT_BYTES),
  );
  const found = readHead(bomb, 0)!;
  equal(readText(found, bomb)?.length, MAX_TEXT_BYTES);
  // A text that is longer than its head says is not made.
  equal(readText({ ...found, textSize: 1000 }, bomb), undefined);
  const large = encodeBlock(
    { kind: BlockKind.records, number: 0, before: 0, count: 1 },
    " ".repeat(MAX_TEXT_BYTES + 1),
  );
  equal(readHead(large, 0), undefined);
});

test("a record that is too long is left out and counted", () => {
  using folder = new TempFolder();
  const path = folder.file("rec");
  equal(record(options(path), [rowOf(1), rowOf(2, "x".repeat(1_100_000)), rowOf(3)], 3), 1);
  const { lines, missing } = replayed(path);
  deepEqual([lines, missing], [[ROW(rowOf(1)), ROW(rowOf(3))], { ...NOTHING, dropped: 1 }]);
});

test("replay() waits as long as it was, after what came before is shown, and ends when it is told to", async () => {
  const lines = ["1000", "1000", "9001000", "9002000"].map((at) =>
    parseLine(`{"at":${at},"kind":"k","row":{"at":${at}}}`)!
  );
  const shown: string[] = [];
  let isOver = false;
  const destination: Destination = {
    rows: () => () => {},
    record: (_kind, { at }) => void shown.push(String(at)),
    flush: () => void shown.push("flush"),
  };
  const waits: number[] = [];
  const wait = (ms: number) => {
    waits.push(ms);
    isOver = waits.length === 2;
    return Promise.resolve();
  };
  await replay([lines], destination, { asItWas: true, wait, isOver: () => isOver });
  deepEqual(shown, ["1000", "1000", "flush", "9001000", "flush", "9002000", "flush"]);
  ok(waits[0]! > 8_000_000 && waits[0]! <= 9_000_000, String(waits[0]));
  shown.length = 0;
  isOver = false;
  await replay([lines], destination, { asItWas: false, wait, isOver: () => isOver });
  deepEqual([shown.length, waits.length], [5, 2]);
});
