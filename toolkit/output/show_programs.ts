/**
 * bcc's debugging options print the BPF program's C; precompiled tools list their programs instead.
 *
 * @module
 */

import type { Bpf } from "../../mod.ts";
import { flag, type Option } from "../options/options.ts";
import { remark } from "./complain.ts";

/** `-v` or `-D`, as in bcc's tool of that name. */
export const programsFlag = (
  names: { readonly short: string; readonly long: string },
): Option<boolean> =>
  flag({ ...names, help: "say which programs are loaded, and where they are attached" });

/** Prints them on standard error: `program set_state: raw_tp/inet_sock_set_state`. */
export function showPrograms(bpf: Bpf): void {
  for (const { name, section } of bpf.programs.values()) remark(`program ${name}: ${section}`);
}
