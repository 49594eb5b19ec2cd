/**
 * The destinations of a replay: terminal, files, web page, metrics.
 *
 * @module
 */

import { checkDestinationOptions } from "../../toolkit/options/destination_options.ts";
import { UsageError } from "../../toolkit/options/options.ts";
import type { Output } from "../../toolkit/output/output.ts";
import type { RecordingHead } from "../../toolkit/recording/recorded.ts";
import type { Recording } from "../../toolkit/recording/recording.ts";
import { recordPaths, recordTo } from "../../toolkit/run/record_to_file.ts";
import type { RunDestination } from "../../toolkit/run/run_destinations.ts";
import { exporter } from "../../toolkit/run/send_otlp.ts";
import { ServedMetrics } from "../../toolkit/run/serve_metrics.ts";
import { recordedColumns, ServedPage } from "../../toolkit/run/serve_page.ts";
import { JsonPrinter, TablePrinter } from "./printers.ts";
import type { ReplayValues } from "./replay_options.ts";
import { StackKeeper } from "./stack_keeper.ts";

/** All destinations of a replay. */
export interface ReplayDestinations {
  readonly all: readonly RunDestination[];
  /** The live page, if requested: the replay begins when a browser opens it. */
  readonly page: ServedPage | undefined;
}

/** The head of a recording: its tool, arguments and schema. @throws {Error} if it is damaged */
export function requireHead({ head }: Recording): RecordingHead {
  if (head) return head;
  throw new Error(
    "Cannot tell what the recording is of: its head is damaged; it can be printed, as table or --json",
  );
}

/**
 * Makes the requested destinations; if there are none, tables are printed.
 *
 * @param clock returns the time at which the record now replayed was recorded
 * @throws {UsageError} @throws {Error}
 */
export function destinationsOf(
  recording: Recording,
  values: ReplayValues,
  output: Output,
  clock: () => number,
): ReplayDestinations {
  const { prometheus, otlp, web, record, json } = values;
  const { head } = recording;
  const all: RunDestination[] = [];
  let page: ServedPage | undefined;
  checkDestinationOptions(values);
  const known = () => requireHead(recording);
  try {
    if (prometheus !== undefined) {
      all.push(new ServedMetrics(known().tool, known().shapes, known().isEvent, values));
    }
    if (otlp !== undefined) {
      all.push(exporter(known().tool, known().shapes, known().isEvent, values, clock));
    }
    if (web !== undefined) all.push(page = new ServedPage(helloOf(known()), web, clock));
    if (record !== undefined) {
      requireOthers(recordPaths(values), values.files);
      all.push(recordTo(known(), values, { clock, missing: () => missingOf(recording) }));
    }
    if (values.output.length > 0) {
      all.push(new StackKeeper(head?.tool ?? "recording", values.output));
    }
    if (json) all.push(new JsonPrinter(output));
    else if (all.length === 0) {
      all.push(new TablePrinter(output, head?.isEvent ?? false, head?.layout));
    }
  } catch (error) {
    for (const each of all) each[Symbol.dispose]?.();
    throw error;
  }
  return { all, page };
}

const helloOf = (head: RecordingHead) => ({
  tool: head.tool,
  summary: `${head.summary} Recorded on ${head.host} from ${new Date(head.started).toISOString()}.`,
  words: head.arguments,
  started: Date.now(),
  columns: head.isEvent ? recordedColumns(head.shapes[0]!) : undefined,
  isCumulative: false,
});

/** The number of records that a copy lacks: they were dropped when recorded, or are damaged. */
function missingOf({ missing }: Recording): number {
  return missing.records + missing.lines + missing.dropped;
}

/** Checks that no output file is one of the recordings to read. @throws {UsageError} */
function requireOthers(written: readonly string[], read: readonly string[]): void {
  const { statSync } = process.getBuiltinModule("node:fs");
  const idOf = (path: string) => {
    const status = statSync(path, { throwIfNoEntry: false });
    return status && `${status.dev}:${status.ino}`;
  };
  const ids = read.map(idOf);
  const taken = written.find((path) => {
    const id = idOf(path);
    return id !== undefined && ids.includes(id);
  });
  if (taken === undefined) return;
  throw new UsageError(
    `--record would write over "${taken}", which is replayed: name another file`,
  );
}
