/**
 * Events that programs at probes dropped.
 *
 * @module
 */

import { type Bpf, u32, u64 } from "../../mod.ts";

/** The count of dropped events: in a map of libbcc's programs, in a global variable of others. */
export function eventsDropped(bpf: Bpf): number {
  if (!bpf.mapNames.includes(NAME)) return bpf.global(NAME, u64.asNumber).value;
  return bpf.map(NAME, u32, u64.asNumber).get(0) ?? 0;
}

const NAME = "events_dropped";
