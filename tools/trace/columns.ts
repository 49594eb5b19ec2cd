/**
 * The columns of trace.
 *
 * @module
 */

import { monotonicTime } from "../../mod.ts";
import { clockColumn } from "../../toolkit/output/time_columns.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import type { EventStacks } from "../../toolkit/stacks/event_stacks.ts";
import type { TraceSettings } from "./options.ts";
import type { TraceEvent, TraceProgram } from "./program.ts";

/** When tracing started; set once the programs are loaded. */
export interface TraceClock {
  /** Nanoseconds since boot, as the times of events (CLOCK_MONOTONIC). */
  startNs: number;
  /** Seconds since 1970. */
  startUnix: number;
}

/** Reads both clocks. */
export const startClock = (): TraceClock => ({
  startNs: monotonicTime(),
  startUnix: Date.now() / 1000,
});

/** The column TIME in seconds since the start, or with `unix` since 1970. */
function timeColumn({ unix }: TraceSettings, clock: TraceClock): Column<TraceEvent> {
  const width = unix ? 17 : 8;
  const seconds = ({ ns }: TraceEvent) => (ns - clock.startNs) / 1e9 + (unix ? clock.startUnix : 0);
  return {
    head: "TIME",
    width,
    value: seconds,
    text: (event) => seconds(event).toFixed(6).slice(0, width),
  };
}

/** The columns of trace; `message` formats an event. */
export function traceColumns(
  values: TraceSettings,
  program: TraceProgram,
  stacks: EventStacks,
  message: (event: TraceEvent) => string,
  clock: TraceClock,
): Column<TraceEvent>[] {
  const { probes } = program;
  const trivial = probes.every(({ format }) => format.length === 0);
  const names = (frames: { name: string }[]) => frames.map(({ name }) => name);
  const jsonOnly: Column<TraceEvent>[] = values.json
    ? [
      { head: "VALUES", member: "any", value: (event) => program.valuesOf(event) },
      ...values.kernelStack
        ? [{
          head: "KERNEL",
          member: "texts" as const,
          value: (event: TraceEvent) => names(stacks.kernelFrames(event)),
        }]
        : [],
      ...values.userStack
        ? [{
          head: "USER",
          member: "texts" as const,
          value: (event: TraceEvent) => names(stacks.userFrames(event)),
        }]
        : [],
    ]
    : [];
  return [
    ...values.offset
      ? [timeColumn(values, clock)]
      : values.clock
      ? [clockColumn<TraceEvent>()]
      : [],
    ...values.cpu ? [{ head: "CPU", width: 3, value: ({ cpu }: TraceEvent) => cpu }] : [],
    { head: "PID", width: 7, value: ({ who }) => who.pid },
    { head: "TID", width: 7, value: ({ who }) => who.tid },
    { head: "COMM", width: 15, value: ({ who }) => who.comm },
    { head: "FUNC", width: 16, value: ({ probe }) => probes[probe]!.hook.name },
    { head: trivial ? "" : "-", key: "message", value: message },
    ...jsonOnly,
  ];
}
