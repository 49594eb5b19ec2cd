/**
 * Names of processes and threads, also of those that have ended while the kernel side kept their
 * names (ended_names.h).
 *
 * @module
 */

import { type Bpf, chars, struct, u32 } from "../../mod.ts";
import { nameOf } from "./proc.ts";

const EndedName = struct("ended_name", { comm: chars(16) });

/** The name of a process or thread, as it is now or was at its end; undefined of one never seen. */
export function nameOfAny(bpf: Bpf, id: number): string | undefined {
  return nameOf(id) ?? bpf.map("ended_names", u32, EndedName).get(id)?.comm;
}
