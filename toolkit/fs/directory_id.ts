/**
 * The kernel's id of a directory (struct file_id of file_io.h).
 *
 * @module
 */

import { UnsupportedError } from "../../mod.ts";
import type { Machine } from "../machine/machine.ts";
import { UsageError } from "../options/options.ts";

const MINOR_BITS = 20; // of dev_t inside the kernel: include/linux/kdev_t.h

/** A directory's inode and file system. */
export interface DirectoryId {
  readonly inode: bigint;
  readonly device: number;
}

/**
 * Finds the kernel's id of a directory. Not by stat(2): file systems such as btrfs and overlayfs
 * report other numbers there.
 *
 * @throws {UsageError} when there is no such directory
 */
export function directoryId(path: string, machine: Machine): DirectoryId {
  const info = infoOf(path, machine);
  const number = (name: string) => new RegExp(`^${name}:\\s*(\\d+)$`, "m").exec(info)?.[1];
  const [mount, inode] = [number("mnt_id"), number("ino")];
  if (mount === undefined || inode === undefined) {
    throw new UnsupportedError(
      "tell directories apart",
      "inodes in fdinfo",
      "this kernel's /proc tells no inodes of open files",
      "5.14",
    );
  }
  return {
    inode: BigInt(inode),
    device: deviceOf(mount, machine.readText("/proc/self/mountinfo")),
  };
}

/** The device of a mount by its mount id, from the text of /proc/self/mountinfo. */
export function deviceOf(mount: string, mounts: string): number {
  const line = mounts.split("\n").map((line) => line.split(" ")).find(([id]) => id === mount);
  const [major, minor] = (line?.[2] ?? "0:0").split(":").map(Number);
  return major! * 2 ** MINOR_BITS + minor!;
}

function infoOf(path: string, machine: Machine): string {
  try {
    return machine.directoryInfo(path);
  } catch (error) {
    const code = (error as { code?: string }).code ?? "unknown error";
    throw new UsageError(`cannot open directory ${JSON.stringify(path)}: ${code}`);
  }
}
