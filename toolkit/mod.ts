/**
 * What a tool is made of, for authors anywhere: options and help, filters, events to rows or reports, JSON,
 * losses, stopping. A tool is data: {@linkcode defineTool} with its options and a {@linkcode Plan}, and
 * {@linkcode main} runs it. docs/authors.md goes through one in one file, and one with its kernel side in C.
 *
 * @example A tool that prints a row per event
 * ```ts
 * import { i32, struct } from "../mod.ts";
 * import { commColumn, defineTool, eventOptions, eventPlan } from "./mod.ts";
 * import { filterOptions, filterSettings, Who } from "./mod.ts";
 *
 * const Event = struct("event", { who: Who, signal: i32 });
 *
 * export const tool = (object: Uint8Array) =>
 *   defineTool({
 *     name: "sigs",
 *     summary: "Trace signals.",
 *     examples: [["sigs -p 181", "only those that process 181 sends"]],
 *     object,
 *     options: { ...filterOptions, ...eventOptions },
 *     plan: (filters) =>
 *       eventPlan(Event, {
 *         load: filterSettings(filters),
 *         columns: [
 *           { head: "PID", width: 7, value: ({ who }) => who.pid },
 *           commColumn(16),
 *           { head: "SIG", value: ({ signal }) => signal },
 *         ],
 *       }),
 *   });
 * ```
 *
 * @module
 */

export {
  type AnyTool,
  defineTool,
  type EventPlan,
  eventPlan,
  type Plan,
  type ReportPlan,
  type ReportSignal,
  type SourcePlan,
  type TextPlan,
  type Tool,
  type Tracing,
} from "./run/tool.ts";
export { main, runTool } from "./run/main.ts";
export { chooseHooks, type HookChoice } from "./run/choose_hooks.ts";
export type { CharacterDevice, Machine } from "./machine/machine.ts";
export {
  argument,
  flag,
  list,
  longOnly,
  type Names,
  number,
  type Option,
  type Options,
  pattern,
  type Range,
  rest,
  text,
  UsageError,
  type Values,
} from "./options/options.ts";
export type { Address } from "./options/address_option.ts";
export {
  type ContainerOptions,
  containerOptions,
  type EventOptions,
  eventOptions,
  type ExecOption,
  execOption,
  type FilterOptions,
  filterOptions,
  filterSettings,
  type IntervalArguments,
  intervalArguments,
  type StandardOptions,
  standardOptions,
} from "./options/standard_options.ts";
export type { DestinationOptions, RecordFull } from "./options/destination_options.ts";
export {
  histogramShape,
  type Member,
  type MemberKind,
  type Members,
  type RecordShape,
  recordShape,
  rowShape,
} from "./records/record_shape.ts";
export type { Column, Columns, Value } from "./output/columns.ts";
export type { Destination, RecordMembers, RowTaker } from "./output/destination.ts";
export type { Report, ReportHistogramOptions, ReportSectionOptions } from "./output/report.ts";
export { complain } from "./output/complain.ts";
export { escapeText, toJson } from "./output/escape.ts";
export { clockColumn, secondsColumn } from "./output/time_columns.ts";
export { commColumn, Who } from "./task/who.ts";
export type { Span } from "./timeline/timeline.ts";
