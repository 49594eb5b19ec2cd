/**
 * The events of `--trace`: single calls that allocate or free (allocations.h).
 *
 * @module
 */

import { type Infer, struct, u64 } from "../../mod.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import { secondsColumn } from "../../toolkit/output/time_columns.ts";
import { Who } from "../../toolkit/task/who.ts";

/** struct event of allocations.h. */
export const MemoryEvent = struct("event", {
  who: Who,
  time: u64.asNumber,
  address: u64,
  size: u64.asNumber,
  kind: u64.asNumber,
});
/** A call that allocates or frees. */
export type MemoryEvent = Infer<typeof MemoryEvent>;

const KINDS = ["alloc entered", "alloc exited", "free entered"];

/** The columns of an event. */
export const memoryColumns = (): Column<MemoryEvent>[] => [
  secondsColumn<MemoryEvent>({ width: 11, digits: 6 }),
  { head: "COMM", width: 16, value: ({ who }) => who.comm },
  { head: "PID", width: 7, value: ({ who }) => who.pid },
  { head: "TID", width: 7, value: ({ who }) => who.tid },
  { head: "EVENT", width: 13, value: ({ kind }) => KINDS[kind]! },
  { head: "SIZE", width: 10, align: "right", value: ({ size }) => size },
  {
    head: "ADDR",
    value: ({ address }) => address === 0n ? null : `0x${address.toString(16)}`,
    text: ({ address }) => address === 0n ? "-" : `0x${address.toString(16)}`,
  },
];
