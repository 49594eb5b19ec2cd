/**
 * Paths by which this process reaches a file that another process has mapped.
 *
 * @module
 */

import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { readLink } from "../../ffi/libc/files.ts";
import { isDeleted, mapFilesPath, type MapLine } from "./map_lines.ts";
import { openForeignIfAny } from "./open_foreign.ts";

/**
 * A path by which this process opens the very file that is mapped.
 *
 * For a process in another mount namespace the kernel shows paths as that process sees them, but
 * for a process in a chroot as seen from our root. map_files reaches every file, also deleted ones,
 * but needs a capability, and debug files cannot be found relative to it.
 */
export function reachablePath(pid: number, line: MapLine): string {
  const root = `/proc/${pid}/root`;
  const candidates = isDeleted(line) ? [] : [line.path, ...insideRoot(root, line.path)];
  return candidates.map((path) => root + path).find((path) => {
    // Not compared by device: overlayfs and btrfs show another one in /proc/PID/maps.
    using file = openForeignIfAny(path);
    return String(file?.status.inode) === line.inode;
  }) ?? mapFilesPath(pid, line);
}

/** The path relative to the process's chroot, if the kernel shows it relative to our root. */
function insideRoot(root: string, path: string): string[] {
  try {
    const chroot = readLink(root);
    return path.startsWith(`${chroot}/`) ? [path.slice(chroot.length)] : [];
  } catch (error) {
    if (error instanceof ErrnoError) return [];
    throw error;
  }
}
