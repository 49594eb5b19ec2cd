/**
 * Mounting a file system of the kernel's without a mount point: fsopen(2), fsmount(2).
 *
 * @module
 */

import { close } from "./files.ts";
import { libc } from "./libc.ts";
import { cString } from "./memory.ts";
import { runtime } from "../runtime/runtime.ts";

// The same numbers on x86-64 and arm64 (include/uapi/asm-generic/unistd.h), since Linux 5.2.
const SYS_fsopen = 430n;
const SYS_fsconfig = 431n;
const SYS_fsmount = 432n;

// include/uapi/linux/mount.h
const FSOPEN_CLOEXEC = 1n;
const FSCONFIG_CMD_CREATE = 6n;
const FSMOUNT_CLOEXEC = 1n;
const MOUNT_ATTR_NOSUID_NODEV_NOEXEC = 2n | 4n | 8n;

/**
 * Mounts a file system that only this process sees, below `/proc/self/fd/N`; nobody's list of mounts
 * changes, and it is gone when the descriptor is closed, or the process ends.
 *
 * @returns the descriptor of its root, or undefined when the kernel refuses: it needs CAP_SYS_ADMIN
 */
export function detachedMount(type: string): number | undefined {
  const name = cString(type);
  const context = call(SYS_fsopen, runtime.addressOf(name), FSOPEN_CLOEXEC);
  void name.length; // alive until the kernel has read it
  if (context < 0) return undefined;
  try {
    if (call(SYS_fsconfig, BigInt(context), FSCONFIG_CMD_CREATE) < 0) return undefined;
    const attributes = MOUNT_ATTR_NOSUID_NODEV_NOEXEC;
    const root = call(SYS_fsmount, BigInt(context), FSMOUNT_CLOEXEC, attributes);
    return root < 0 ? undefined : root;
  } finally {
    close(context);
  }
}

function call(number: bigint, first: bigint, second: bigint, third = 0n): number {
  return Number(libc().syscall(number, first, second, third, 0n, 0n, 0n));
}
