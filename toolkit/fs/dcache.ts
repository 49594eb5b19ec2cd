/**
 * Tracing look-ups in the directory entry cache (dcache.h).
 *
 * @module
 */

import { type Bpf, type Link, UnsupportedError } from "../../mod.ts";
import type { Machine } from "../machine/machine.ts";
import { chooseHooks } from "../run/choose_hooks.ts";

/** Path walks call this function; compilers may have made a specialized copy of it. */
const PATH_WALK = /^lookup_fast(\.(constprop|isra)\.\d+)*$/;
const PURPOSE = "look-ups of directory entries";

/** What load options and attaching need. */
export interface DcacheHooks {
  readonly programs: Readonly<Record<string, boolean>>;
  attach(bpf: Bpf): Link[];
}

/**
 * Chooses the programs.
 *
 * @param pathWalks whether every component of a path walk is wanted
 * @throws {UnsupportedError}
 */
export function dcacheHooks(
  machine: Machine,
  { pathWalks }: { readonly pathWalks: boolean },
): DcacheHooks {
  const programs = chooseHooks(PURPOSE, [
    {
      hook: "fentry:d_lookup",
      also: ["fentry:d_alloc_parallel"],
      programs: ["fexit_d_lookup", "fentry_d_alloc_parallel"],
    },
    {
      hook: "kprobe:d_lookup",
      also: ["kprobe:d_alloc_parallel"],
      programs: ["kprobe_d_lookup", "kretprobe_d_lookup", "kprobe_d_alloc_parallel"],
    },
  ], machine);
  const functions = pathWalks ? machine.kernelFunctions(PATH_WALK) : [];
  if (pathWalks && functions.length === 0) {
    const reason = "the compiler has put it into those that call it";
    throw new UnsupportedError(`trace ${PURPOSE}`, "kprobe:lookup_fast", reason);
  }
  return {
    programs: { ...programs, path_walk: pathWalks },
    attach: (bpf) =>
      [...bpf.programs.values()].map((program) =>
        program.name === "path_walk" ? program.attachKprobe(functions) : program.attach()
      ),
  };
}
