/**
 * Files by the C library: it reads /proc, /sys and /dev, for which Deno's own functions want every
 * permission there is.
 *
 * @module
 */

import { checked } from "./errno_error.ts";
import { libc } from "./libc.ts";
import { alloc, bufferText, cString } from "./memory.ts";

/** Flags of open(2) and friends that this project passes (include/uapi/asm-generic/fcntl.h). */
export const O_RDONLY = 0;
export const O_WRONLY = 1;
export const O_APPEND = 0o2000;
export const O_NONBLOCK = 0o4000;
export const O_CLOEXEC = 0o2000000;
/** A terminal that is opened does not become the process's own. */
export const O_NOCTTY = 0o400;
/** Opens the location in the file tree only: neither reads nor waits. */
export const O_PATH = 0o10000000;

const MFD_CLOEXEC = 1;
const PATH_MAX = 4096;

/** Opens a file and returns its descriptor; the caller closes it. */
export function open(path: string, flags: number): number {
  return checked(libc().open(cString(path), flags | O_CLOEXEC, 0), `open "${path}"`);
}

/** Closes a descriptor; a second close of the same number would hit somebody else's file. */
export function close(fd: number): void {
  libc().close(fd);
}

/** The descriptors that every process has. */
export const [STDOUT, STDERR] = [1, 2];

/**
 * Whether it is a terminal: `process.stdout` knows it too, but creating it costs Bun 5 ms and 2
 * MiB.
 */
export function isTerminal(fd: number): boolean {
  return libc().isatty(fd) === 1;
}

const F_DUPFD_CLOEXEC = 1030;

/** A second descriptor of the same open file; the caller closes it. */
export function duplicate(fd: number): number {
  return checked(libc().fcntl(fd, F_DUPFD_CLOEXEC, 0), `duplicate file descriptor ${fd}`);
}

const F_GETFL = 3;

/** Whether reads and writes fail instead of waiting. */
export function isNonblocking(fd: number): boolean {
  const flags = checked(libc().fcntl(fd, F_GETFL, 0), `look at file descriptor ${fd}`);
  return (flags & O_NONBLOCK) !== 0;
}

/**
 * Whether the path exists for this process. Opened and not asked for by access(2), which judges by
 * the real user and so without the capabilities of a process that is not root.
 */
export function exists(path: string): boolean {
  const fd = libc().open(cString(path), O_PATH | O_CLOEXEC, 0);
  if (fd < 0) return false;
  close(fd);
  return true;
}

/**
 * Reads a whole file by its path; unlike Deno's file API it needs no permission for /proc and /sys.
 */
export function readFile(path: string): Uint8Array<ArrayBuffer> {
  const fd = open(path, O_RDONLY);
  try {
    return readAll(fd, `"${path}"`);
  } finally {
    close(fd);
  }
}

/** Reads an open file to its end. @throws {ErrnoError} naming `what` */
export function readAll(fd: number, what: string): Uint8Array<ArrayBuffer> {
  let buffer = alloc(4096);
  for (let length = 0;;) {
    const rest = buffer.subarray(length);
    const count = checked(libc().read(fd, rest, BigInt(rest.length)), `read ${what}`);
    if (count === 0) return buffer.slice(0, length);
    length += count;
    if (length === buffer.length) {
      const larger = alloc(buffer.length * 2);
      larger.set(buffer);
      buffer = larger;
    }
  }
}

/** Where a symbolic link leads. */
export function readLink(path: string): string {
  const buffer = alloc(PATH_MAX);
  const length = libc().readlink(cString(path), buffer, BigInt(buffer.length));
  return bufferText(buffer.subarray(0, checked(Number(length), `read the link "${path}"`)));
}

/**
 * The kernel's name for the file of a descriptor, as in /proc/self/fd; undefined if it is not open.
 */
export function linkOf(fd: number): string | undefined {
  const buffer = alloc(PATH_MAX);
  const path = cString(`/proc/self/fd/${fd}`);
  const length = Number(libc().readlink(path, buffer, BigInt(buffer.length)));
  return length < 0 ? undefined : bufferText(buffer.subarray(0, length));
}

/** Reads a whole file as text. */
export function readText(path: string): string {
  return bufferText(readFile(path));
}

/**
 * Appends a text to a file of the kernel's, such as in tracefs, in one call.
 * @throws {ErrnoError}
 */
export function writeText(path: string, text: string): void {
  const fd = open(path, O_WRONLY | O_APPEND);
  try {
    const bytes = cString(text);
    checked(libc().write(fd, bytes, BigInt(bytes.length - 1)), `write to "${path}"`);
  } finally {
    close(fd);
  }
}

/**
 * Writes a short text; a non-blocking descriptor may take only a part of it.
 * @throws {ErrnoError}
 */
export function writeShort(fd: number, text: string): void {
  const bytes = cString(text);
  checked(Number(libc().write(fd, bytes, BigInt(bytes.length - 1))), `write to descriptor ${fd}`);
}

/** Makes a folder. @throws {ErrnoError} */
export function makeFolder(path: string): void {
  checked(libc().mkdir(cString(path), 0o700), `make the folder "${path}"`);
}

/** Removes a folder that is empty, or that the kernel clears away. @throws {ErrnoError} */
export function removeFolder(path: string): void {
  checked(libc().rmdir(cString(path)), `remove the folder "${path}"`);
}

/** Makes an anonymous in-memory file with these bytes; the caller closes it. */
export function memfd(name: string, bytes: Uint8Array): number {
  const fd = checked(libc().memfd_create(cString(name), MFD_CLOEXEC), "create a memory file");
  const source = bytes as Uint8Array<ArrayBuffer>;
  try {
    for (let done = 0; done < source.length;) {
      const rest = source.subarray(done);
      done += checked(libc().write(fd, rest, BigInt(rest.length)), "write a memory file");
    }
    return fd;
  } catch (error) {
    close(fd);
    throw error;
  }
}
