/**
 * The only parser of /proc/PID/maps (proc_pid_maps(5)).
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { close, O_RDONLY, open } from "../../ffi/libc/files.ts";
import { errno, libc } from "../../ffi/libc/libc.ts";
import { alloc, bufferText } from "../../ffi/libc/memory.ts";

/** One mapping. */
export interface MapLine {
  readonly start: bigint;
  readonly end: bigint;
  /** Permissions, `r-xp`: read, write, execute, private or shared. */
  readonly permissions: string;
  /** Offset in the file in bytes. */
  readonly offset: number;
  /** Device, major:minor in hexadecimal: `fe:01`. */
  readonly device: string;
  /** Inode; "0" without a file. */
  readonly inode: string;
  /**
   * The path as the process sees it, or `[heap]` and the like; "" without one. It may end in "
   * (deleted)".
   */
  readonly path: string;
}

const LINE = /^([0-9a-f]+)-([0-9a-f]+) ([-r][-w][-x][-ps]) ([0-9a-f]+) ([0-9a-f:]+) (\d+) *(.*)$/;
const EXECUTABLE = /^\S+ ..x/;
const DELETED = " (deleted)";
const NEWLINE = 0x0a;
/** The kernel fills at most a page per read. */
const CHUNK = 2 ** 16;

/** Parses one line; undefined if it is malformed. */
export function parseMapLine(line: string): MapLine | undefined {
  const fields = LINE.exec(line);
  if (!fields) return undefined;
  const [, start, end, permissions, offset, device, inode, path] = fields as unknown as string[];
  return {
    start: BigInt(`0x${start}`),
    end: BigInt(`0x${end}`),
    permissions: permissions!,
    offset: parseInt(offset!, 16),
    device: device!,
    inode: inode!,
    // Newline is the only character that the kernel escapes.
    path: path!.replaceAll("\\012", "\n"),
  };
}

/** Parses lines. */
export function parseMaps(lines: readonly string[]): MapLine[] {
  return lines.map(parseMapLine).filter((line) => line !== undefined);
}

/**
 * The current lines of a process; only executable mappings unless `all`.
 *
 * A process may have any number of mappings with long names: they are filtered while being read.
 *
 * @throws {ErrnoError} with code `ESRCH` when there is no such process
 */
export function readMapLines(pid: number | "self", { all = false } = {}): string[] {
  const path = `/proc/${pid}/maps`;
  const lines: string[] = [];
  const take = (bytes: Uint8Array<ArrayBuffer>) => {
    for (const line of bufferText(bytes).split("\n")) {
      if (line !== "" && (all || EXECUTABLE.test(line))) lines.push(line);
    }
  };
  const fd = openMaps(path, pid);
  try {
    const buffer = alloc(CHUNK);
    for (let kept = 0;;) {
      const room = buffer.subarray(kept);
      const count = Number(libc().read(fd, room, BigInt(room.length)));
      // The process has ended meanwhile.
      if (count < 0 && errno() !== Errno.ESRCH) throw new ErrnoError(`read "${path}"`, errno());
      const length = kept + Math.max(count, 0);
      const end = count <= 0 ? length : buffer.lastIndexOf(NEWLINE, length - 1) + 1;
      take(buffer.subarray(0, end));
      if (count <= 0) return lines;
      buffer.copyWithin(0, end, length);
      kept = length - end;
    }
  } finally {
    close(fd);
  }
}

/** Like {@linkcode readMapLines}, parsed. @throws {ErrnoError} */
export function readMaps(pid: number | "self", options?: { all?: boolean }): MapLine[] {
  return parseMaps(readMapLines(pid, options));
}

/** A path without the " (deleted)" that the kernel appends. */
export function withoutDeleted(path: string): string {
  return path.endsWith(DELETED) ? path.slice(0, -DELETED.length) : path;
}

/** Whether the file has been deleted: usually its package was upgraded. */
export function isDeleted({ path }: MapLine): boolean {
  return path.endsWith(DELETED);
}

/** The link that opens the mapped file itself; it needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN. */
export function mapFilesPath(pid: number, { start, end }: Pick<MapLine, "start" | "end">): string {
  return `/proc/${pid}/map_files/${start.toString(16)}-${end.toString(16)}`;
}

function openMaps(path: string, pid: number | "self"): number {
  try {
    return open(path, O_RDONLY);
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
    const action = `list the files of process ${pid}`;
    if (error.errno === Errno.ENOENT) throw new ErrnoError(action, Errno.ESRCH);
    if (error.errno !== Errno.EACCES && error.errno !== Errno.EPERM) throw error;
    throw new ErrnoError(
      action,
      error.errno,
      "another user's takes CAP_SYS_PTRACE, and a container or security module may forbid it to root too",
    );
  }
}
