/**
 * `-o FILE` of tools that print events: writes them as traces for timelines.
 *
 * @module
 */

import { monotonicTime } from "../../plumbing.ts";
import { UsageError, type Values } from "../options/options.ts";
import type { eventOptions } from "../options/standard_options.ts";
import { membersOf } from "../output/columns.ts";
import { LOSSES } from "../records/record_shape.ts";
import { TimelineFile, timelineFormat } from "../timeline/timeline_file.ts";
import type { Who } from "../task/who.ts";
import type { RunDestination } from "./run_destinations.ts";
import type { AnyTool, EventPlan, Plan } from "./tool.ts";

/**
 * The destination that writes the events of a plan.
 * @throws {UsageError}
 * @throws {Error} where a file cannot be written
 */
export function timelineOf(
  tool: AnyTool,
  plan: Plan<never>,
  { timelines = [] }: Partial<Pick<Values<typeof eventOptions>, "timelines">>,
): RunDestination {
  if (!("event" in plan)) {
    throw new UsageError("-o/--output is for events, and this makes reports: use --record");
  }
  timelines.forEach(timelineFormat);
  const files: TimelineFile[] = [];
  const close = () => files.forEach((file) => file[Symbol.dispose]());
  try {
    for (const path of timelines) files.push(new TimelineFile(tool.name, path));
  } catch (error) {
    close();
    throw error;
  }
  const dropped = () => files.reduce((sum, file) => sum + file.dropped, 0);
  const span = (plan as EventPlan<{ readonly who: Who }>).span?.bind(plan);
  let stop = () => {};
  return {
    start(losses, stopTool) {
      stop = stopTool;
      const reason = "a file had no room for them: make room on its disk";
      losses.watch({ kind: "dropped", what: "events of traces", reason }, dropped);
    },
    get hasFailed() {
      return dropped() > 0;
    },
    rows(columns) {
      // Time columns are left out: the event's position shows its time.
      const members = membersOf(columns.filter(({ head }) => !/^time/i.test(head)));
      return (row) => {
        const { who } = row as { readonly who: Who };
        // Without `span` the event's time is the present.
        const { name = tool.name, ...time } = span?.(row as never) ?? { start: monotonicTime() };
        const args = members(row);
        for (const file of files) file.event({ ...time, name, who, args });
      };
    },
    record(kind, { what, total }) {
      if (!LOSSES.some((loss) => loss.kind === kind)) return;
      for (const file of files) file.note(`${kind} ${total} ${what}`);
    },
    flush() {
      for (const file of files) file.flush();
      if (dropped() > 0) stop();
    },
    end: () => files.forEach((file) => file.end()),
    [Symbol.dispose]: close,
  };
}
