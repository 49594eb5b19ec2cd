/**
 * Where a recording is replayed to.
 *
 * @module
 */

import { UsageError } from "../../toolkit/options/options.ts";
import type { Output } from "../../toolkit/output/output.ts";
import type { RecordingHead } from "../../toolkit/recording/recorded.ts";
import type { Recording } from "../../toolkit/recording/recording.ts";
import { checkRecordOptions, recordPaths, recordTo } from "../../toolkit/run/record_to_file.ts";
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
  /** The live page, if there is one: a replay begins when somebody looks. */
  readonly page: ServedPage | undefined;
}

/** What a recording says of itself. @throws {Error} where that is damaged */
export function requireHead({ head }: Recording): RecordingHead {
  if (head) return head;
  throw new Error(
    "Cannot tell what the recording is of: its head is damaged; it can be printed, as table or --json",
  );
}

/**
 * Makes the destinations that are asked for; without any, tables are printed.
 *
 * @param clock when what is replayed was seen
 * @throws {UsageError} @throws {Error}
 */
export function destinationsOf(
  recording: Recording,
  values: ReplayValues,
  output: Output,
  clock: () => number,
): ReplayDestinations {
  const { prometheus, otlp, web, record, labels, json } = values;
  const { head } = recording;
  const all: RunDestination[] = [];
  let page: ServedPage | undefined;
  if (labels.length > 0 && otlp === undefined && prometheus === undefined) {
    throw new UsageError("--labels are those of --prometheus and --otlp");
  }
  checkRecordOptions(values);
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

/** What was not recorded, or is damaged now, is missing in a copy too. */
function missingOf({ missing }: Recording): number {
  return missing.records + missing.lines + missing.dropped;
}

/** A recording that is read must not be written over. @throws {UsageError} */
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
