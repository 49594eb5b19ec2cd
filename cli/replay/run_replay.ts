/**
 * `ts-bcc replay FILE…`: the records of `--record`, to any destination.
 *
 * @module
 */

import { destinationOptions } from "../../toolkit/options/destination_options.ts";
import {
  argumentList,
  flag,
  helpText,
  list,
  type Option,
  parseOptions,
  UsageError,
  type Values,
} from "../../toolkit/options/options.ts";
import { complain, remark } from "../../toolkit/output/complain.ts";
import { Destinations } from "../../toolkit/output/destination.ts";
import { Output, printText } from "../../toolkit/output/output.ts";
import { JsonPrinter, TablePrinter } from "./printers.ts";
import { Recording } from "../../toolkit/recording/recording.ts";
import { replay } from "../../toolkit/recording/replay.ts";
import { StackKeeper } from "./stack_keeper.ts";
import type { RunDestination } from "../../toolkit/run/run_destinations.ts";
import { exporter } from "../../toolkit/run/send_otlp.ts";
import { ServedMetrics } from "../../toolkit/run/serve_metrics.ts";
import { Stop } from "../../toolkit/run/stop.ts";
import { aboutLines, missingText } from "./recording_text.ts";

const NAME = "ts-bcc replay";

const options = {
  files: argumentList({ long: "FILE", help: "a recording; all of its files in any order" }),
  about: flag({ long: "about", help: "print what is recorded, and what of it is missing" }),
  speed: {
    long: "speed",
    meta: "max|as-it-was",
    help: "how fast (default max)",
    initial: "max",
    parse(value) {
      if (value === "max" || value === "as-it-was") return value;
      throw new UsageError("expected max or as-it-was");
    },
  } satisfies Option<string> as Option<string>,
  json: flag({ long: "json", help: "print one JSON object per line, as the tool did" }),
  output: list({
    short: "o",
    long: "output",
    meta: "FILE",
    help: "write recorded stacks: .svg, .html, .folded, .pb.gz, .speedscope.json, .json",
  }),
  prometheus: destinationOptions.prometheus,
  labels: destinationOptions.labels,
  otlp: destinationOptions.otlp,
  help: flag({ short: "h", long: "help", help: "show this help and exit" }),
} as const;

const ABOUT = {
  name: NAME,
  summary: "Shows what a tool has recorded with --record.",
  examples: [
    [`${NAME} opens.rec`, "as a table"],
    [`${NAME} --speed as-it-was opens.rec`, "with the pauses that there were"],
    [`${NAME} --json opens.rec opens.rec.*`, "the lines of --json, of all files"],
    [`${NAME} -o cpu.svg cpu.rec`, "a flame graph of recorded stacks"],
  ],
} as const;

type Settings = Values<typeof options>;

/** Replays the files named by these words. @throws {UsageError} @throws {Error} */
export async function runReplay(words: readonly string[]): Promise<number> {
  const values = parseOptions(options, words) as Settings;
  if (values.help) return await printed(helpText(ABOUT, options));
  if (values.files.length === 0) throw new UsageError("replay needs a FILE");
  using recording = Recording.open(values.files);
  if (values.about) return await printed(aboutLines(recording).join("\n"));
  const output = new Output();
  let time = Date.now();
  const all = destinationsOf(recording, values, output, () => time);
  const destinations = new Destinations(all);
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  using stop = new Stop(resolve);
  try {
    for (const each of all) await each.start?.(NOTHING_LOST, () => stop.request());
    const prints = values.prometheus === undefined;
    if (prints) stop.whenOutputCloses();
    await replay(recording.blocks(), destinations, {
      onTime: (at) => time = at,
      asItWas: values.speed === "as-it-was",
      wait: (ms) => waitFor(ms, stopped),
      isOver: () => stop.requested,
    });
    await destinations.end();
    await output.flush();
    const text = stop.requested ? undefined : missingText(recording.missing);
    if (text !== undefined) complain(NAME, text);
    if (prints || stop.requested) return all.some(({ hasFailed }) => hasFailed) ? 1 : 0;
    remark(`${NAME}: all is replayed; Ctrl-C ends`);
    await stopped;
    return 0;
  } finally {
    for (const each of all) each[Symbol.dispose]?.();
  }
}

/** Losses of the tool are records here. */
const NOTHING_LOST = { totals: () => [], watch() {} } as const;

async function printed(text: string): Promise<number> {
  await printText(text);
  return 0;
}

function destinationsOf(
  { head }: Recording,
  values: Settings,
  output: Output,
  clock: () => number,
): RunDestination[] {
  const all: RunDestination[] = [];
  const known = () => {
    if (head) return head;
    throw new Error(
      "Cannot tell what the recording is of: its head is damaged; it can be printed, as table or --json",
    );
  };
  if (values.prometheus !== undefined) {
    all.push(new ServedMetrics(known().tool, known().shapes, known().isEvent, values));
  }
  if (values.otlp !== undefined) {
    all.push(exporter(known().tool, known().shapes, known().isEvent, values, clock));
  } else if (values.labels.length > 0 && values.prometheus === undefined) {
    throw new UsageError("--labels are those of --prometheus and --otlp");
  }
  if (values.output.length > 0) all.push(new StackKeeper(head?.tool ?? "recording", values.output));
  if (values.json) all.push(new JsonPrinter(output));
  else if (all.length === 0) {
    all.push(new TablePrinter(output, head?.isEvent ?? false, head?.layout));
  }
  return all;
}

async function waitFor(ms: number, stopped: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([promise, stopped]);
  clearTimeout(timer);
}
