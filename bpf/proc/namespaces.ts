/**
 * Namespaces by the inode numbers that BPF programs see.
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { readLink } from "../../ffi/libc/files.ts";

/** A kind of namespace, as /proc/PID/ns has it. */
export type NamespaceKind = "cgroup" | "ipc" | "mnt" | "net" | "pid" | "time" | "user" | "uts";

/** PROC_PID_INIT_INO of include/linux/proc_ns.h: the initial pid namespace. */
export const FIRST_PID_NAMESPACE = 0xeffffffc;

/** The inode number of a process's namespace, by default this one's. @throws {ErrnoError} */
export function namespaceInode(kind: NamespaceKind, pid: number | "self" = "self"): number {
  try {
    return Number(/\[(\d+)\]/.exec(readLink(`/proc/${pid}/ns/${kind}`))?.[1]);
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
    const errno = error.errno === Errno.ENOENT ? Errno.ESRCH : error.errno;
    throw new ErrnoError(`find the ${kind} namespace of process ${pid}`, errno);
  }
}
