/**
 * What programs at probes had no room for.
 *
 * @module
 */

import { type Bpf, u32, u64 } from "../../mod.ts";

/** How often there was no room: libbcc's programs count it in a map, others in a variable. */
export function eventsDropped(bpf: Bpf): number {
  if (!bpf.mapNames.includes(NAME)) return bpf.global(NAME, u64.asNumber).value;
  return bpf.map(NAME, u32, u64.asNumber).get(0) ?? 0;
}

const NAME = "events_dropped";
