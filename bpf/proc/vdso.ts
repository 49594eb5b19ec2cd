/**
 * The vDSO: the kernel's own library, which is in the memory of each process and in no file (vdso(7)).
 *
 * @module
 */

import { close, memfd } from "../../ffi/libc/files.ts";
import { runtime } from "../../ffi/runtime/runtime.ts";
import { type MapLine, readMaps } from "./map_lines.ts";

/** The name of its mapping. */
export const VDSO = "[vdso]";
/** 32-bit programs have another vDSO, below this address. */
const PROGRAMS_OF_64_BITS = 2n ** 32n;

/** Whether a range is the vDSO that this process has as well. */
export const isVdso = ({ path, start }: Pick<MapLine, "path" | "start">): boolean =>
  path === VDSO && start >= PROGRAMS_OF_64_BITS;

/**
 * Passes a file with this process's vDSO to `read`. All processes have the same vDSO, each at its
 * own address.
 */
export function readVdso<T>(read: (path: string) => T): T | undefined {
  const own = readMaps("self").find(({ path }) => path === VDSO);
  if (!own) return undefined;
  const bytes = new Uint8Array(runtime.view(own.start, Number(own.end - own.start))).slice();
  const fd = memfd("vdso", bytes);
  try {
    return read(`/proc/self/fd/${fd}`);
  } finally {
    close(fd);
  }
}

/**
 * The name that perf and the kernel use for a function of the vDSO. The vDSO also has it under the
 * name of libc's wrapper, which calls it: with that name a stack would look as if a function called
 * itself.
 */
export const vdsoName = (name: string): string =>
  /^__(vdso|kernel)_/.test(name) ? name : `__vdso_${name}`;
