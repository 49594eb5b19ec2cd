/**
 * Writing to files that the user names, by the C library: it never waits for a reader, and an error is
 * one sentence that tells the cause.
 *
 * @module
 */

import { Errno } from "./errno.ts";
import { ErrnoError } from "./errno_error.ts";
import { close, O_CLOEXEC, O_NONBLOCK, O_RDONLY, O_WRONLY } from "./files.ts";
import { errno, libc } from "./libc.ts";
import { cString } from "./memory.ts";
import { type FileKind, findPath, statusOf, usingDescriptor } from "./open_path.ts";

/** include/uapi/asm-generic/fcntl.h. */
const O_CREAT = 0o100;
const O_NOCTTY = 0o400;
const O_TRUNC = 0o1000;
const O_ACCMODE = 3;
const F_GETFD = 1;
const F_GETFL = 3;
const FD_CLOEXEC = 1;
/** The mode of a new file, before the umask. */
const MODE = 0o666;

/** How long a reader may take nothing, and the interval of attempts to write. */
const PATIENCE_MS = 5000;
const TURN_MS = 10;

/** Causes of a failed write, and what helps. */
const CAUSES: Readonly<Record<number, string>> = {
  [Errno.ENOSPC]: "the file system or device is full: free space, or write elsewhere",
  [Errno.EDQUOT]: "the quota is used up: free space, or write elsewhere",
  [Errno.EFBIG]: "it would be larger than the file system or ulimit -f allows",
  [Errno.EPIPE]: "its reader has ended",
  [Errno.EBADF]: "it is not open for writing",
  [Errno.EIO]: "its device or terminal fails or is gone",
  [Errno.EROFS]: "the file system is read-only: write elsewhere",
  [Errno.ENOENT]: "its folder does not exist: make it first",
  [Errno.ENOTDIR]: "a part of its path is no folder",
  [Errno.EISDIR]: "it is a folder: name a file",
  [Errno.ETXTBSY]: "it is a program that runs: name another file",
  [Errno.EACCES]:
    "it may not be written by this user, or is another user's in a folder such as /tmp, " +
    "which fs.protected_regular and fs.protected_fifos keep even from root: name a new file",
  [Errno.EPERM]: "it is immutable, or sealed: name another file",
};

/** The error of a write that failed. @param what what was written to: `standard output`, `"a.svg"` */
export function writeError(what: string, errno: number, reason?: string): ErrnoError {
  return new ErrnoError(`write to ${what}`, errno, reason ?? CAUSES[errno]);
}

/** Whether a descriptor may be written to; closed ones may not. */
export function isWritable(fd: number): boolean {
  const flags = libc().fcntl(fd, F_GETFL, 0);
  return flags >= 0 && (flags & O_ACCMODE) !== O_RDONLY;
}

/**
 * Whether a descriptor was opened by this process itself: whoever starts a program cannot hand on one that is
 * closed by exec(2). Bun opens /dev/null so where a standard descriptor is closed; Deno opens it as others do.
 */
export function isOwnDescriptor(fd: number): boolean {
  return (libc().fcntl(fd, F_GETFD, 0) & FD_CLOEXEC) !== 0;
}

/**
 * Makes sure that a file can be written later; makes it if it is not there, and keeps what it has.
 *
 * @throws {ErrnoError}
 */
export function requireWritable(path: string): void {
  const fd = openToWrite(path, 0);
  // The reader of a FIFO sees its end when the last writer closes it: it stays open until this process ends.
  if (statusOf(fd, path).kind !== "FIFO") close(fd);
}

/**
 * Replaces the contents of a file.
 *
 * @param options `patienceMs`: how long the reader of a FIFO may take nothing
 * @throws {ErrnoError}
 */
export function writeFile(
  path: string,
  bytes: Uint8Array,
  options: { readonly patienceMs?: number } = {},
): void {
  const fd = openToWrite(path, O_TRUNC);
  let isOpen = true;
  try {
    writeAll(fd, bytes as Uint8Array<ArrayBuffer>, path, options.patienceMs ?? PATIENCE_MS);
    isOpen = false;
    // A network file system may report only at close that it is full.
    if (libc().close(fd) < 0) throw writeError(JSON.stringify(path), errno());
  } finally {
    if (isOpen) close(fd);
  }
}

function openToWrite(path: string, flags: number): number {
  const all = O_WRONLY | O_CREAT | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags;
  const fd = libc().open(cString(path), all, MODE);
  if (fd >= 0) return fd;
  const failure = errno();
  const kind = failure === Errno.ENXIO ? kindOf(path) : undefined;
  const reason = kind === "FIFO"
    ? "it is a FIFO that nobody reads: start its reader first"
    : kind && `it is a ${kind} that cannot be opened: name a file`;
  throw writeError(JSON.stringify(path), failure, reason);
}

function kindOf(path: string): FileKind | undefined {
  try {
    return usingDescriptor(findPath(path, true), (fd) => statusOf(fd, path).kind);
  } catch (error) {
    if (error instanceof ErrnoError) return undefined;
    throw error;
  }
}

function writeAll(
  fd: number,
  bytes: Uint8Array<ArrayBuffer>,
  path: string,
  patienceMs: number,
): void {
  let waited = 0;
  for (let done = 0; done < bytes.length;) {
    const rest = bytes.subarray(done);
    const count = Number(libc().write(fd, rest, BigInt(rest.length)));
    const failure = count < 0 ? errno() : 0;
    if (count > 0) {
      done += count;
      waited = 0;
    } else if (failure === Errno.EAGAIN && waited < patienceMs) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TURN_MS);
      waited += TURN_MS;
    } else if (failure !== Errno.EINTR) {
      const reason = failure === Errno.EAGAIN ? "its reader takes nothing" : undefined;
      throw writeError(JSON.stringify(path), failure, reason);
    }
  }
}
