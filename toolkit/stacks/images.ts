/**
 * Which files a process had mapped when (images.h): the same addresses may mean something else later.
 *
 * @module
 */

import { type Bpf, type Link, TsBccError } from "../../mod.ts";

/** What a tool loads with where it reads user stacks. */
export const imagePrograms = (hasUser: boolean) => ({
  code_mapped: hasUser,
  code_unmapped: hasUser,
});

/**
 * Attaches what lets images.h tell apart what the same addresses meant at different times, where a
 * tool reads user stacks. Without it all else works: a library in place of another is taken for the
 * first, where this process may not read tracefs. The tools' pages say so.
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
