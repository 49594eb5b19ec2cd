/**
 * The one way to open files named by others: perf-maps, debug files, libraries and programs of
 * other processes, anything below /proc/PID/root. Others choose the path and own the target;
 * opening and reading it must not make root's tool block, run out of memory, get a SIGBUS, or
 * disclose what the other may not read.
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { close, readText } from "../../ffi/libc/files.ts";
import { alloc } from "../../ffi/libc/memory.ts";
import {
  type FileStatus,
  findBelow,
  findPath,
  openFound,
  readAt,
  statusOf,
  usingDescriptor,
} from "../../ffi/libc/open_path.ts";

/** Checks on a file before it is opened. */
export interface ForeignOptions {
  /**
   * User ids that may own it: see {@linkcode ownersFor}. Default any, which suits files that the
   * tool's user named, and files identified by inode as mapped by a process.
   */
  readonly owners?: ReadonlySet<number>;
  /**
   * Refuse a symbolic link as last path component, and a hard link to a file of root's: for names
   * in world-writable folders such as /tmp. Default false.
   */
  readonly noLinks?: boolean;
  /** Refuse larger files. Default {@linkcode MAX_FOREIGN_SIZE}. */
  readonly maxSize?: number;
}

/**
 * No symbol file is larger. Memory is only used for what is read, so this bounds the numbers in a
 * file rather than memory.
 */
export const MAX_FOREIGN_SIZE: number = 64 * 2 ** 30;

/**
 * Opens a regular file (memory files, memfd, included) for reading with {@linkcode
 * ForeignFile.read}; close it.
 *
 * The file type is checked before opening: a FIFO does not block, a device is not touched. Below
 * `/proc/PID/root/`, symbolic links resolve as for that process, never out of its root.
 *
 * @throws {ErrnoError} when it does not exist, cannot be opened, or is refused: `reason` says why
 *
 * @example A perf-map, which only the process itself or root may have written
 * ```ts
 * import { openForeign, ownersFor } from "./open_foreign.ts";
 *
 * export function perfMapText(pid: number): Uint8Array {
 *   const path = `/proc/${pid}/root/tmp/perf-${pid}.map`;
 *   using file = openForeign(path, { owners: ownersFor(pid), noLinks: true, maxSize: 2 ** 28 });
 *   return file.read(0, file.size);
 * }
 * ```
 */
export function openForeign(path: string, options: ForeignOptions = {}): ForeignFile {
  return usingDescriptor(find(path, options.noLinks ?? false), (found) => {
    const status = statusOf(found, path);
    check(path, status, options);
    return new ForeignFile(path, openFound(found, path), status);
  });
}

/** The same; undefined for a file that is missing, unreadable or refused. */
export function openForeignIfAny(path: string, options?: ForeignOptions): ForeignFile | undefined {
  try {
    return openForeign(path, options);
  } catch (error) {
    if (error instanceof ErrnoError) return undefined;
    throw error;
  }
}

/** An open file of somebody else, who may truncate or change it at any time. */
export class ForeignFile implements Disposable {
  readonly path: string;
  readonly #fd: number;
  #status: FileStatus;
  #open = true;

  /** Made by {@linkcode openForeign}; takes ownership of the descriptor. */
  constructor(path: string, fd: number, status: FileStatus) {
    this.path = path;
    this.#fd = fd;
    this.#status = status;
  }

  /** Its size when it was opened, or at the last {@linkcode ForeignFile.refresh}. */
  get size(): number {
    return this.#status.size;
  }

  /** Owner, inode, device and change time, as of the same moment as `size`. */
  get status(): FileStatus {
    return this.#status;
  }

  /** Updates size and times, for a growing file. @throws {ErrnoError} */
  refresh(): FileStatus {
    return this.#status = statusOf(this.#fd, this.path);
  }

  /** A path by which the kernel opens this very file, while this is open. */
  get descriptorPath(): string {
    return `/proc/self/fd/${this.#fd}`;
  }

  /**
   * Reads `length` bytes at an offset.
   *
   * @throws {RangeError} when the file is or has become shorter @throws {ErrnoError}
   */
  read(offset: number, length: number): Uint8Array<ArrayBuffer> {
    // Check the size first: a length taken from the file must not allocate more memory than the
    // file has.
    const known = offset + length <= this.#status.size ||
      offset + length <= this.refresh().size;
    const bytes = known ? this.readUpTo(offset, length) : undefined;
    if (bytes?.length === length) return bytes;
    throw new RangeError(
      `Cannot read "${this.path}": it ends before byte ${offset + length}: truncated or corrupt`,
    );
  }

  /** Reads up to `length` bytes at an offset, for growing files. @throws {ErrnoError} */
  readUpTo(offset: number, length: number): Uint8Array<ArrayBuffer> {
    this.#check(offset, length);
    return this.readInto(alloc(length), offset);
  }

  /**
   * Reads as many bytes at an offset as there are and `buffer` has room for; returns that part of it.
   *
   * @param buffer memory of `alloc()` @throws {ErrnoError}
   */
  readInto(buffer: Uint8Array<ArrayBuffer>, offset: number): Uint8Array<ArrayBuffer> {
    this.#check(offset, buffer.length);
    const done = readAt(this.#fd, buffer, offset, this.path);
    return done === buffer.length ? buffer : buffer.subarray(0, done);
  }

  #check(offset: number, length: number): void {
    if (!this.#open || !(offset >= 0 && length >= 0) || !Number.isSafeInteger(offset + length)) {
      throw new RangeError(`Cannot read ${length} bytes at ${offset} of "${this.path}"`);
    }
  }

  /** Closes it; idempotent. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    close(this.#fd);
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

/**
 * The user ids whose files are trusted for a process: root, its own, the root of its user namespace
 * (who owns a container's files) and the user of this tool. After the process has ended only the
 * first and the last are known: ask while it runs.
 */
export function ownersFor(pid: number): ReadonlySet<number> {
  const owners = new Set([0, process.geteuid?.() ?? 0]);
  const read = (name: string) => {
    try {
      return readText(`/proc/${pid}/${name}`);
    } catch (error) {
      if (error instanceof ErrnoError) return "";
      throw error;
    }
  };
  const ids = /^Uid:\t(\d+)\t(\d+)\t(\d+)\t(\d+)/m.exec(read("status"))?.slice(1) ?? [];
  for (const id of ids) owners.add(Number(id));
  // Lines "inside outside count": the outside id of user 0.
  const root = /^ *0 +(\d+) /m.exec(read("uid_map"))?.[1];
  if (root !== undefined) owners.add(Number(root));
  return owners;
}

const BELOW = /^(\/proc\/(?:\d+|self)\/root)\/(.*)$/;

function find(path: string, noLinks: boolean): number {
  const [, root, rest] = BELOW.exec(path) ?? [];
  if (root !== undefined) {
    const found = usingDescriptor(findPath(root, true), (fd) => below(fd, rest!, path, !noLinks));
    if (found !== undefined) return found;
  }
  return findPath(path, !noLinks);
}

function below(root: number, rest: string, path: string, follow: boolean): number | undefined {
  try {
    return findBelow(root, rest, follow);
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
    throw new ErrnoError(`open "${path}"`, error.errno);
  }
}

function check(path: string, status: FileStatus, options: ForeignOptions): void {
  const refuse = (errno: number, reason: string) => {
    throw new ErrnoError(`open "${path}"`, errno, reason);
  };
  const { owners, noLinks = false, maxSize = MAX_FOREIGN_SIZE } = options;
  const { kind, size, owner, links } = status;
  if (kind === "symbolic link") {
    refuse(Errno.ELOOP, "it is a symbolic link, which is not followed here");
  }
  if (kind !== "regular file") {
    refuse(Errno.EINVAL, `it is a ${kind}, and only regular files are read`);
  }
  if (owners && !owners.has(owner)) {
    refuse(Errno.EACCES, `it belongs to user ${owner}, who is neither root nor the process's user`);
  }
  if (noLinks && owner === 0 && links > 1) {
    refuse(Errno.ELOOP, "it is root's and has another name elsewhere, which is not followed here");
  }
  if (size > maxSize) {
    refuse(Errno.EFBIG, `it has ${size} bytes, and no more than ${maxSize} are read`);
  }
}
