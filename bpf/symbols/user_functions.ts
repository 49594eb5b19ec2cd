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
  /** The symbol, as the file spells it. */
  readonly name: string;
  /** Bytes from the start of the file. */
  readonly offset: number;
  /** Of a USDT probe's place: where in the file the counter of its tracers is. */
  readonly semaphore?: number;
}

/**
 * The functions of a program or library whose names match, in the file's order and one name for each
 * place: those of its symbol tables and of its separate debug file. `^` and `$` are needed to match whole names.
 *
 * Functions that the dynamic linker chooses at run time (IFUNC) are listed where its choice is in the
 * process, or in this one for a library that it uses too, and left out when that cannot be told.
 *
 * @param file an absolute path, or a library's name: `c`, `libssl.so.3`
 * @param pid a process: the path is as it sees it, the library the one that it has mapped
 * @param leftOut is told the names that match and are left out
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

/** The same of a path as this process reaches it. */
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
  for (const { name, offset, indirect } of elf.functions()) {
    if (!wanted.test(name)) continue;
    const place = indirect ? ifuncs.implementation(name, offset) : offset;
    if (place === undefined) unknown.add(name);
    else if (!byOffset.has(place)) byOffset.set(place, { name, offset: place });
  }
  unknown.forEach(leftOut);
  return [...byOffset.values()].sort((a, b) => a.offset - b.offset);
}
