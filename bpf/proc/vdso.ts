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
/** Programs of 32 bits have a vDSO of their own, below this. */
const PROGRAMS_OF_64_BITS = 2n ** 32n;

/** Whether a range is the vDSO that this process has as well. */
export const isVdso = ({ path, start }: Pick<MapLine, "path" | "start">): boolean =>
  path === VDSO && start >= PROGRAMS_OF_64_BITS;

/** Reads this process's vDSO, as a file. The kernel gives the same to all, at addresses of their own. */
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
 * The name by which perf and the kernel know a function of the vDSO. It has libc's as well, which its
 * caller there has: a stack would look as if a function called itself.
 */
export const vdsoName = (name: string): string =>
  /^__(vdso|kernel)_/.test(name) ? name : `__vdso_${name}`;
