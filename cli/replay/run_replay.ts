/**
 * `ts-bcc replay FILE…`: sends the records of `--record` to any destination.
 *
 * @module
 */

import { helpText, parseOptions, UsageError } from "../../toolkit/options/options.ts";
import { complain, remark } from "../../toolkit/output/complain.ts";
import { Destinations } from "../../toolkit/output/destination.ts";
import { Output, printText } from "../../toolkit/output/output.ts";
import { Recording } from "../../toolkit/recording/recording.ts";
import { replay } from "../../toolkit/recording/replay.ts";
import { Stop } from "../../toolkit/run/stop.ts";
import { RecordFilter } from "./record_filter.ts";
import { aboutLines, missingText } from "./recording_text.ts";
import { destinationsOf, requireHead } from "./replay_destinations.ts";
import { ABOUT, replayOptions, type ReplayValues } from "./replay_options.ts";

const NAME = ABOUT.name;

/**
 * Replays the files named by the arguments; returns the exit status.
 *
 * @throws {UsageError} @throws {Error}
 */
export async function runReplay(words: readonly string[]): Promise<number> {
  const values = parseOptions(replayOptions, words) as ReplayValues;
  if (values.help) return await printed(helpText(ABOUT, replayOptions));
  if (values.files.length === 0) throw new UsageError("replay needs a FILE");
  using recording = Recording.open(values.files);
  if (values.about) return await printed((await aboutLines(recording)).join("\n"));
  const filter = filterOf(recording, values);
  const output = new Output();
  let time = recording.head?.started ?? Date.now();
  const { all, page } = destinationsOf(recording, values, output, () => time);
  const destinations = new Destinations(all);
  const { promise: stopped, resolve } = Promise.withResolvers<void>();
  using stop = new Stop(resolve);
  try {
    for (const each of all) await each.start?.(NOTHING_LOST, () => stop.request());
    const isServed = values.prometheus !== undefined || page !== undefined;
    if (!isServed) stop.whenOutputCloses();
    if (page) {
      remark(`${NAME}: it begins when the page is opened`);
      await Promise.race([page.opened, stopped]);
    }
    await replay(recording.blocks(), destinations, {
      onTime: (at) => time = at,
      onPause: () => page?.tellReport(),
      asItWas: values.speed === "as-it-was",
      wait: (ms) => waitFor(ms, stopped),
      isOver: () => stop.requested,
      ...filter && { wants: (kind, members) => filter.wants(kind, members) },
    });
    await destinations.end();
    await output.flush();
    const text = stop.requested ? undefined : missingText(recording.missing);
    if (text !== undefined) complain(NAME, text);
    if (isServed && !stop.requested) {
      remark(`${NAME}: all is replayed; Ctrl-C ends`);
      await stopped;
    }
    return all.some(({ hasFailed }) => hasFailed) ? 1 : 0;
  } finally {
    for (const each of all) each[Symbol.dispose]?.();
  }
}

/** No counters to watch: in a recording the tool's losses are records. */
const NOTHING_LOST = { totals: () => [], watch() {} } as const;

async function printed(text: string): Promise<number> {
  await printText(text);
  return 0;
}

function filterOf(recording: Recording, { filter }: ReplayValues): RecordFilter | undefined {
  if (filter === undefined) return undefined;
  const { tool, shapes } = requireHead(recording);
  return new RecordFilter(filter, tool, shapes);
}

async function waitFor(ms: number, stopped: Promise<void>): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race([promise, stopped]);
  clearTimeout(timer);
}
