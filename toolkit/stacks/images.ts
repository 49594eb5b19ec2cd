/**
 * Loads and attaches images.h, which records when a process maps and unmaps code: in between, an
 * address stands for the same symbol.
 *
 * @module
 */

import { type Bpf, type Link, TsBccError } from "../../mod.ts";

/** The programs of images.h to load: those that tools need that read user stacks. */
export const imagePrograms = (hasUser: boolean) => ({
  code_mapped: hasUser,
  code_unmapped: hasUser,
});

/**
 * Attaches images.h, for tools that read user stacks. Optional: where this process may not read tracefs, a
 * library that replaces another one at the same address is taken for the first. The tools' pages say so.
 */
export function attachImages(bpf: Bpf): Link[] {
  if (!bpf.programs.has("code_mapped")) return [];
  try {
    return [bpf.program("code_mapped").attach(), bpf.program("code_unmapped").attach()];
  } catch (error) {
    if (error instanceof TsBccError) return [];
    throw error;
  }
}
