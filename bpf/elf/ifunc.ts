/**
 * Indirect functions: symbols such as glibc's `strlen` whose implementation is chosen at run time.
 *
 * The symbol is a resolver, called once per process; probing it misses every real call. Which
 * implementation it chooses depends on the CPU only, so it is the same in every process: this one
 * asks the dynamic linker and takes the answer's place in the file.
 *
 * @module
 */

import { loader, readText } from "../../ffi/libc/libc.ts";
import { cString } from "../../ffi/libc/memory.ts";

const RTLD_NOW = 2;

/** One line of /proc/self/maps. */
interface Mapped {
  readonly start: bigint;
  readonly end: bigint;
  readonly offset: bigint;
  readonly inode: string;
}

/**
 * The file offset of the implementation that is used for an indirect function.
 *
 * Undefined when this process does not have the file mapped: then nobody here can be asked.
 */
export function implementationOffset(path: string, symbol: string): number | undefined {
  const inode = String(process.getBuiltinModule("node:fs").statSync(path).ino);
  // Only what is mapped already is opened: opening runs a library's code.
  if (!mappings().some((mapped) => mapped.inode === inode)) return undefined;
  const handle = loader().dlopen(cString(path), RTLD_NOW);
  if (handle === 0n) return undefined;
  const address = loader().dlsym(handle, cString(symbol));
  const home = mappings().find((mapped) => address >= mapped.start && address < mapped.end);
  if (home?.inode !== inode) return undefined;
  return Number(address - home.start + home.offset);
}

function mappings(): Mapped[] {
  const lines = readText("/proc/self/maps").split("\n").filter((line) => line !== "");
  return lines.map((line) => {
    const [range, , offset, , inode] = line.split(/ +/);
    const [start, end] = range!.split("-").map((digits) => BigInt(`0x${digits}`));
    return { start: start!, end: end!, offset: BigInt(`0x${offset}`), inode: inode! };
  });
}
