/**
 * The lines of /proc/PID/maps: proc_pid_maps(5). Everything that looks at a process's mappings reads
 * them here.
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
  /** `r-xp`: read, write, execute, private or shared. */
  readonly permissions: string;
  /** Bytes into the file. */
  readonly offset: number;
  /** `fe:01` */
  readonly device: string;
  /** "0" without a file. */
  readonly inode: string;
  /** As the process sees it, or `[heap]` and its like; "" without one. It may end in " (deleted)". */
  readonly path: string;
}

const LINE = /^([0-9a-f]+)-([0-9a-f]+) ([-r][-w][-x][-ps]) ([0-9a-f]+) ([0-9a-f:]+) (\d+) *(.*)$/;
const EXECUTABLE = /^\S+ ..x/;
const DELETED = " (deleted)";
const NEWLINE = 0x0a;
/** The kernel fills a page at a time. */
const CHUNK = 2 ** 16;

/** The mapping of one line; undefined for what is no such line. */
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
    // The one character that the kernel writes in another way, so that lines stay lines.
    path: path!.replaceAll("\\012", "\n"),
  };
}

/** The mappings of lines. */
export function parseMaps(lines: readonly string[]): MapLine[] {
  return lines.map(parseMapLine).filter((line) => line !== undefined);
}

/**
 * The lines that a process has now; only those that may be executed, unless `all`.
 *
 * A process may have as many as it likes, with long names: they are filtered as they are read.
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
      // Of a process that ends meanwhile there is nothing more.
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

/** The same, parsed. @throws {ErrnoError} */
export function readMaps(pid: number | "self", options?: { all?: boolean }): MapLine[] {
  return parseMaps(readMapLines(pid, options));
}

/** A path without what the kernel writes behind that of a file that is gone. */
export function withoutDeleted(path: string): string {
  return path.endsWith(DELETED) ? path.slice(0, -DELETED.length) : path;
}

/** Whether the file has gone from its path: its package was upgraded, as a rule. */
export function isDeleted({ path }: MapLine): boolean {
  return path.endsWith(DELETED);
}

/** The link by which the file itself is opened; it needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN. */
export function mapFilesPath(pid: number, { start, end }: Pick<MapLine, "start" | "end">): string {
  return `/proc/${pid}/map_files/${start.toString(16)}-${end.toString(16)}`;
}

function openMaps(path: string, pid: number | "self"): number {
  try {
    return open(path, O_RDONLY);
  } catch (error) {
    if (!(error instanceof ErrnoError && error.errno === Errno.ENOENT)) throw error;
    throw new ErrnoError(`list the files of process ${pid}`, Errno.ESRCH);
  }
}
