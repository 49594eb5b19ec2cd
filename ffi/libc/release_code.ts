/**
 * Giving back the pages of code that a start has gone through.
 *
 * @module
 */

import { readLink, readText } from "./files.ts";
import { libc } from "./libc.ts";

const SYS_MADVISE = process.arch === "arm64" ? 233n : 28n;
const MADV_DONTNEED = 4n;

/**
 * The head of a mapping of code, or of the constants that a file begins with. Other memory that can only be read
 * was written to by the loader, and would come back as it is in the file.
 */
const CODE = /^([0-9a-f]+)-([0-9a-f]+) (?:r-xp [0-9a-f]+|r--p 0+) \S+ \d+ +(.*)$/m;
/** Pages of its own: somebody has written to it, such as a debugger that sets breakpoints. */
const WRITTEN = /^Anonymous: +[1-9]/m;

/**
 * Lets go of the executable's code and constants. What runs from now on is mapped again by its first use, from
 * the page cache: a runtime's start touches several times what waiting and printing do.
 */
export function releaseCode(): void {
  try {
    release();
  } catch {
    // Without it the process only takes more memory.
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
