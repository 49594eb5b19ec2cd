/**
 * `--record`: writes a tool's records to a file.
 *
 * @module
 */

import { thisMachine } from "../machine/machine.ts";
import { UsageError, type Values } from "../options/options.ts";
import type { eventOptions, standardOptions } from "../options/standard_options.ts";
import { keyOf } from "../output/columns.ts";
import { remark } from "../output/complain.ts";
import { type Recorded, Recorder } from "../recording/recorder.ts";
import { columnsOf, recordsOf } from "./plan_records.ts";
import type { RunDestination } from "./run_destinations.ts";
import type { AnyTool, EventPlan, Plan } from "./tool.ts";
import type { Who } from "../task/who.ts";
import { VERSION } from "./version.ts";

type Standard =
  & Values<typeof standardOptions>
  & Partial<Pick<Values<typeof eventOptions>, "container" | "pod">>;

type RecordValues = Pick<Standard, "record" | "recordSize" | "recordFiles" | "recordFull">;

const MIB = 1024 * 1024;
/** The default number of files with --record-size. */
const FILES = 10;

/**
 * The destination that records a plan.
 * @throws {UsageError}
 * @throws {Error} where the file cannot be written
 */
export const recorderOf = (tool: AnyTool, plan: Plan<never>, values: Standard): RunDestination =>
  recordTo({
    tool: tool.name,
    summary: tool.summary,
    version: VERSION,
    arguments: wordsOf(tool.name),
    isEvent: "event" in plan,
    shapes: recordsOf(tool, plan, values),
    layout: layoutOf(tool, plan, values),
  }, values);

/**
 * The destination for records with this description.
 *
 * @param replayed for a replay: gives the time of the record at hand, and how many records are
 * missing
 */
export function recordTo(
  recorded: Recorded,
  { record: path, recordSize, recordFiles, recordFull }: RecordValues,
  replayed?: { clock(): number; missing(): number },
): RunDestination {
  if (path === "") throw new UsageError("--record expects the name of a file");
  if (recordFiles !== undefined && recordSize === undefined) {
    throw new UsageError("--record-files is for --record-size: else there is one file");
  }
  const recorder = new Recorder(recorded, {
    path: path!,
    maxBytes: recordSize === undefined ? Infinity : recordSize * MIB,
    files: filesOf({ recordSize, recordFiles }),
    whenFull: recordFull ?? "end",
    clock: replayed?.clock,
  });
  const loss = {
    kind: "dropped",
    what: "records",
    reason:
      "the file had no room for them (make room on its disk), or they are longer than a million characters",
  } as const;
  return {
    start(losses, stop) {
      recorder.start(stop);
      losses.watch(loss, () => recorder.dropped);
      remark(`${recorded.tool}: recording to ${path}`);
    },
    get hasFailed() {
      return recorder.hasFailed;
    },
    begin: () => recorder.begin(),
    rows: (columns) => recorder.rows(columns),
    record: (kind, members, json) => recorder.record(kind, members, json),
    flush: () => recorder.flush(),
    end: () => {
      recorder.dropped += replayed?.missing() ?? 0;
      recorder.end();
    },
    [Symbol.dispose]: () => recorder[Symbol.dispose](),
  };
}

/** How many files are kept. */
const filesOf = (
  { recordSize, recordFiles }: Pick<RecordValues, "recordSize" | "recordFiles">,
): number => recordSize === undefined ? 1 : recordFiles ?? FILES;

/** All files that a recording may replace. */
export const recordPaths = (values: RecordValues): string[] =>
  Array.from(
    { length: filesOf(values) },
    (_, i) => i === 0 ? values.record! : `${values.record}.${i}`,
  );

/** The words of the command line after the tool's name. */
function wordsOf(name: string): string[] {
  const words = process.argv.slice(2);
  return words[0] === name ? words.slice(1) : words;
}

/** The keys of the columns that the tool prints without --json, if records have them all. */
function layoutOf(tool: AnyTool, plan: Plan<never>, values: Standard): string[] | undefined {
  if (!("event" in plan)) return undefined;
  type Event = EventPlan<{ readonly who: Who }>;
  const keys = (of: Plan<never>) => columnsOf(of as unknown as Event, values).map(keyOf);
  const printed = tool.plan({ ...values, json: false } as never, thisMachine);
  if (!("event" in printed)) return undefined;
  const known = keys(plan);
  const layout = keys(printed);
  return layout.every((key) => known.includes(key)) ? layout : undefined;
}
