/**
 * Gives pages of the executable that only its start needed back to the kernel: madvise(2), MADV_DONTNEED.
 *
 * @module
 */

import { readLink, readText } from "./files.ts";
import { libc } from "./libc.ts";

const SYS_MADVISE = process.arch === "arm64" ? 233n : 28n;
const MADV_DONTNEED = 4n;

/**
 * A mapping of code, or of the read-only data that a file begins with. Other read-only memory was relocated by
 * the loader: dropped, it would be read from the file again, without relocations.
 */
const CODE = /^([0-9a-f]+)-([0-9a-f]+) (?:r-xp [0-9a-f]+|r--p 0+) \S+ \d+ +(.*)$/m;
/** It has private pages: somebody has written to it, such as a debugger that sets breakpoints. */
const WRITTEN = /^Anonymous: +[1-9]/m;

/**
 * Drops the executable's code and constants from this process's resident memory. What is used later is mapped again
 * from the page cache; a runtime's start touches several times as many pages as waiting and printing do.
 */
export function releaseCode(): void {
  try {
    release();
  } catch {
    // It is optional: without it the process only uses more memory.
  }
}

function release(): void {
  const path = readLink("/proc/self/exe");
  for (const mapping of readText("/proc/self/smaps").split(/^(?=[0-9a-f]+-[0-9a-f]+ )/m)) {
    const [, start, end, name] = CODE.exec(mapping) ?? [];
    if (name !== path || WRITTEN.test(mapping)) continue;
    const from = BigInt(`0x${start}`);
    const length = BigInt(`0x${end}`) - from;
    libc().syscall(SYS_MADVISE, from, length, MADV_DONTNEED, 0n, 0n, 0n);
  }
}
