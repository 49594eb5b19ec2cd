/**
 * How this process reaches a file that another one has mapped.
 *
 * @module
 */

import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { readLink } from "../../ffi/libc/files.ts";
import { isDeleted, mapFilesPath, type MapLine } from "./map_lines.ts";
import { openForeignIfAny } from "./open_foreign.ts";

/**
 * A path by which this process opens the very file that is mapped there.
 *
 * The kernel tells paths of a process in another mount namespace as that one sees them, but those
 * of a process in a chroot from our root. map_files reaches all, also deleted files, but needs a
 * capability, and debug files are not looked for from there.
 */
export function reachablePath(pid: number, line: MapLine): string {
  const root = `/proc/${pid}/root`;
  const candidates = isDeleted(line) ? [] : [line.path, ...insideRoot(root, line.path)];
  return candidates.map((path) => root + path).find((path) => {
    // Not by its device: overlayfs and btrfs tell another one there than in /proc/PID/maps.
    using file = openForeignIfAny(path);
    return String(file?.status.inode) === line.inode;
  }) ?? mapFilesPath(pid, line);
}

/** The path as a process in a chroot sees it, if it is told from our root. */
function insideRoot(root: string, path: string): string[] {
  try {
    const chroot = readLink(root);
    return path.startsWith(`${chroot}/`) ? [path.slice(chroot.length)] : [];
  } catch (error) {
    if (error instanceof ErrnoError) return [];
    throw error;
  }
}
