/**
 * Opens an object without loading it.
 *
 * @module
 */

import { Bpf, type OpenObject } from "../../mod.ts";
import { buildObject } from "./build.ts";

/** Opens open.bpf.c with only these programs. */
export function openObject(...programs: string[]): OpenObject<Bpf> {
  const opened = Bpf.open(buildObject("open.bpf.c"), {
    name: "open",
    globals: { target_pid: process.pid },
  });
  for (const [name, program] of opened.programs) program.autoload = programs.includes(name);
  opened.map("untold").autocreate = false;
  return opened;
}
