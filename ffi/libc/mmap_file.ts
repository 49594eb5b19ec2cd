/**
 * Files mapped into memory: reading a few tables of a large executable without copying it.
 *
 * @module
 */

import { ErrnoError } from "./errno_error.ts";
import { close, O_RDONLY, open } from "./files.ts";
import { errno, libc } from "./libc.ts";
import { map, MAP_PRIVATE, type Mapping, PROT_READ } from "./mmap.ts";
import { syscallNumberHere } from "./syscall_numbers.ts";

const SYS_lseek = syscallNumberHere("lseek");
const SEEK_END = 2n;

/** Maps a whole file, read-only. @throws {ErrnoError} when it cannot be read or is empty */
export function mapFile(path: string): Mapping {
  const fd = open(path, O_RDONLY);
  try {
    const size = libc().syscall(SYS_lseek, BigInt(fd), 0n, SEEK_END, 0n, 0n, 0n);
    if (size < 0n) throw new ErrnoError(`read "${path}"`, errno());
    return map(`"${path}"`, Number(size), PROT_READ, MAP_PRIVATE, fd);
  } finally {
    close(fd);
  }
}
