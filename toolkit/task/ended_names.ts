/**
 * Names of processes and threads, also of those that have ended while the kernel side kept their
 * names (ended_names.h).
 *
 * @module
 */

import { type Bpf, chars, type LoadOptions, struct, u32 } from "../../mod.ts";
import type { Machine } from "../machine/machine.ts";
import { nameOf } from "./proc.ts";

const EndedName = struct("ended_name", { comm: chars(16) });

/** As many names are kept; of more the oldest are forgotten. */
const NAMES = 30000;

/** What a tool loads with where it names the ended. */
export const endedNames = (machine: Machine): Pick<Required<LoadOptions>, "maps"> => ({
  maps: { ended_names: { maxEntries: machine.lruEntries(NAMES) } },
});

/** The name of a process or thread, as it is now or was at its end; undefined of one never seen. */
export function nameOfAny(bpf: Bpf, id: number): string | undefined {
  return nameOf(id) ?? bpf.map("ended_names", u32, EndedName).get(id)?.comm;
}
