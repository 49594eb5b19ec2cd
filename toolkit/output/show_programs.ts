/**
 * What tools say instead of printing their BPF program, as bcc's do for debugging: theirs is compiled already.
 *
 * @module
 */

import type { Bpf } from "../../mod.ts";
import { flag, type Option } from "../options/options.ts";
import { remark } from "./complain.ts";

/** `-v` or `-D`, as bcc's tool of that name has it. */
export const programsFlag = (
  names: { readonly short: string; readonly long: string },
): Option<boolean> =>
  flag({ ...names, help: "say which programs are loaded, and where they are attached" });

/** Tells it on standard error: `program set_state: raw_tp/inet_sock_set_state`. */
export function showPrograms(bpf: Bpf): void {
  for (const { name, section } of bpf.programs.values()) remark(`program ${name}: ${section}`);
}
