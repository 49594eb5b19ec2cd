/**
 * Descriptors of processes: pidfd_open(2).
 *
 * @module
 */

import { ErrnoError } from "./errno_error.ts";
import { errno, libc } from "./libc.ts";

/** The same number on all architectures. */
const SYS_pidfd_open = 434n;
/** O_EXCL: the thread alone, since Linux 6.9. */
const PIDFD_THREAD = 0o200n;

/**
 * Opens a process, or a thread; the descriptor can be read once that has ended. The caller closes it.
 *
 * @throws {ErrnoError} with `ESRCH` when there is none, `EINVAL` or `ENOENT` for a thread that is not the
 * process's first, and of kernels that have no descriptors of threads
 */
export function openPidfd(id: number, { thread = false } = {}): number {
  const flags = thread ? PIDFD_THREAD : 0n;
  const fd = libc().syscall(SYS_pidfd_open, BigInt(id), flags, 0n, 0n, 0n, 0n);
  if (fd >= 0n) return Number(fd);
  throw new ErrnoError(`open ${thread ? "thread" : "process"} ${id}`, errno());
}
