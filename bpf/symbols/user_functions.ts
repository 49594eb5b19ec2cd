/**
 * Listing the functions of a program or library, by pattern.
 *
 * @module
 */

import { stateless } from "../tracefs/kernel_functions.ts";
import { ElfFile } from "../elf/elf_file.ts";
import { Ifuncs } from "../elf/ifunc.ts";
import { libraryPath, pathIn } from "../proc/library_path.ts";

/** A function in a file. */
export interface UserFunction {
  /** The symbol as in the file. */
  readonly name: string;
  /** File offset in bytes. */
  readonly offset: number;
  /** For a location of a USDT probe: the file offset of its semaphore. */
  readonly semaphore?: number;
}

/**
 * The functions of a program or library whose names match, in the file's order, with one name for
 * each address: those of its symbol tables and of its separate debug file. Use `^` and `$` to match
 * whole names.
 *
 * Functions chosen by the dynamic linker (IFUNC) are listed at the implementation chosen in the
 * process, or in this one for a library that it also uses, and skipped when that is unknown.
 *
 * @param file an absolute path, or a library's name: `c`, `libssl.so.3`
 * @param pid a process: the path is resolved as it sees it, a library's name to the one it has
 * mapped
 * @param leftOut receives the matching names that are skipped
 * @throws {ErrnoError} when the file cannot be read @throws {RangeError} when it is no ELF file
 */
export function userFunctions(
  file: string,
  pattern: RegExp,
  pid?: number,
  leftOut?: (name: string) => void,
): UserFunction[] {
  const path = file.startsWith("/") ? pathIn(pid, file) : libraryPath(file, pid);
  if (path !== undefined) return functionsOf(path, pattern, pid, leftOut);
  throw new TypeError(
    `Cannot list functions of "${file}": it is no absolute path and no library that the dynamic ` +
      "linker knows: list what it knows with ldconfig -p",
  );
}

/** Like {@linkcode userFunctions}, for a path as this process sees it. */
export function functionsOf(
  path: string,
  pattern: RegExp,
  pid?: number,
  leftOut: (name: string) => void = () => {},
): UserFunction[] {
  const wanted = stateless(pattern);
  const byOffset = new Map<number, UserFunction>();
  const unknown = new Set<string>();
  using elf = new ElfFile(path);
  const ifuncs = new Ifuncs(elf, pid);
  // One whole name is compared byte by byte, which takes a tenth of the time of decoding all names.
  const [, only] = wanted.flags === "" ? /^\^(\w+)\$$/.exec(wanted.source) ?? [] : [];
  const named = only === undefined ? elf.functions() : elf.functionsNamed(only);
  for (const { name, offset, indirect } of named) {
    if (only === undefined && !wanted.test(name)) continue;
    const place = indirect ? ifuncs.implementation(name, offset) : offset;
    if (place === undefined) unknown.add(name);
    else if (!byOffset.has(place)) byOffset.set(place, { name, offset: place });
  }
  unknown.forEach(leftOut);
  return [...byOffset.values()].sort((a, b) => a.offset - b.offset);
}
