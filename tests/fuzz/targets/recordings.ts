/**
 * Fuzz targets: readers of recordings (`--record`).
 *
 * @module
 */

import { StackKeeper } from "../../../cli/replay/stack_keeper.ts";
import { JsonPrinter, TablePrinter } from "../../../cli/replay/printers.ts";
import { Destinations } from "../../../toolkit/output/destination.ts";
import { NoOutput } from "../../../toolkit/output/output.ts";
import { Metrics } from "../../../toolkit/prometheus/metrics.ts";
import { BlockKind, encodeBlock } from "../../../toolkit/recording/block.ts";
import { Recording } from "../../../toolkit/recording/recording.ts";
import { Giver } from "../../../toolkit/recording/replay.ts";
import { FORMAT, parseLine } from "../../../toolkit/recording/recorded.ts";
import { must, Refused, type Target } from "../target.ts";

type Bytes = Uint8Array<ArrayBuffer>;

const HEAD = JSON.stringify({
  format: FORMAT,
  ...{ tool: "some", summary: "Some.", version: "1", arguments: ["-x"], host: "h", kernel: "6" },
  ...{ started: 1, isEvent: false, layout: ["pid", "comm"] },
  shapes: [
    { members: { pid: "id", comm: "text", n: "count" } },
    { kind: "histogram", members: { disk: "text", value: "text" } },
  ],
});
const LINES = [
  '{"table":0,"columns":[{"key":"pid","head":"PID","width":7},{"key":"comm","head":"COMM","isText":true},' +
  '{"key":"n","head":"N","digits":2}]}',
  '{"at":1,"begin":true}',
  '{"at":2,"table":0,"texts":["a"],"row":{"pid":18446744073709551615,"comm":"a","n":null,"user":["x"]}}',
  '{"at":3,"kind":"histogram","row":{"disk":"sda","value":"usecs","buckets":[{"low":0,"high":1,"count":2},' +
  '{"low":2,"high":3,"count":1}]}}',
  '{"at":4,"kind":"stack","row":{"pid":1,"comm":"a","samples":3,"user":["main"],"kernel":null}}',
  '{"at":5,"kind":"dropped","row":{"record":"dropped","what":"events","total":7}}',
];

function recording(): Bytes {
  const block = (kind: BlockKind, number: number, before: number, count: number, text: string) =>
    encodeBlock({ kind, number, before, count }, text);
  const blocks = [
    block(BlockKind.head, 0, 0, 0, HEAD),
    block(BlockKind.records, 0, 0, 4, LINES.join("\n")),
    block(BlockKind.records, 1, 4, 4, LINES.join("\n")),
    block(BlockKind.end, 2, 8, 0, '{"ended":9,"dropped":0}'),
  ];
  return new Uint8Array(blocks.flatMap((each) => [...each]));
}

/** Replays blocks of records through every kind of output. */
function show(blocks: Iterable<Parameters<Giver["give"]>[0][]>, shapes: unknown): void {
  const output = new NoOutput();
  const giver = new Giver(
    new Destinations([
      new JsonPrinter(output),
      new TablePrinter(output, false, ["pid", "comm"]),
      new TablePrinter(output, true, undefined),
      new StackKeeper("some", []),
      new Metrics("some", shapes as never, false, []),
    ]),
  );
  for (const lines of blocks) {
    giver.begin();
    for (const line of lines) {
      if ("json" in line) JSON.parse(line.json);
      giver.give(line);
    }
  }
}

const blocks: Target<Bytes> = {
  name: "recording",
  what: "files of --record",
  samples: () => {
    const whole = recording();
    const cut = whole.slice(0, -90);
    return [{ value: whole, hot: [[0, 64]] }, { value: cut }];
  },
  run(bytes) {
    const file = {
      path: "file",
      readUpTo: (at: number, length: number) => bytes.subarray(at, at + length),
      close() {},
    };
    const read = new Recording([file]);
    let lines = 0;
    const counted = function* () {
      for (const each of read.blocks()) {
        lines += each.filter((line) => "row" in line).length;
        yield [...each];
      }
    };
    show(counted(), read.head?.shapes ?? []);
    const { missing } = read;
    must(missing.bytes <= bytes.length, "more bytes are missing than there are");
    must(lines <= 8, "there are more records than were written");
    must(missing.bytes > 0 || missing.records === 0, "records are missing of a whole file");
  },
  isRefusal: (error) => error instanceof Error && /^Cannot replay /.test(error.message),
};

/** Mutated lines in blocks with correct check sums, which an attacker could compute. */
const lines: Target<string> = {
  name: "recording-lines",
  what: "lines of recordings whose blocks are whole",
  samples: () => LINES.map((value) => ({ value })),
  words: [
    '"row":',
    '"kind":"histogram"',
    '"buckets":[',
    '"columns":[',
    '"toString":1',
    '{"at":1,',
    "null",
  ],
  run(text) {
    const found = text.split("\n").flatMap((line) => parseLine(line) ?? []);
    if (found.length === 0) throw new Refused();
    const table = parseLine(LINES[0]!)!;
    show([[table, ...found]], JSON.parse(HEAD).shapes);
  },
};

/** In the order that they are run. */
export const RECORDING_TARGETS = [blocks, lines] as const;
