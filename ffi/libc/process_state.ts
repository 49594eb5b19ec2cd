/**
 * State of this process that a compiler inside it disturbs, and its restoration: the current directory,
 * an environment variable, and standard error, to which it prints.
 *
 * @module
 */

import { encodeText } from "../codec/mod.ts";
import { ErrnoError } from "./errno_error.ts";
import { close, memfd, open as openFile } from "./files.ts";
import { errno, libc as symbolsOfLibc } from "./libc.ts";
import { alloc, bufferText, copyOf, cString, textAt } from "./memory.ts";
import { runtime, type Symbols, type SymbolTable } from "../runtime/runtime.ts";

const TABLE = {
  // char *secure_getenv(const char *name);  glibc 2.17
  secure_getenv: { parameters: ["buffer"], result: "pointer" },
  // int setenv(const char *name, const char *value, int overwrite);
  setenv: { parameters: ["buffer", "buffer", "i32"], result: "i32" },
  // int unsetenv(const char *name);
  unsetenv: { parameters: ["buffer"], result: "i32" },
  // int fchdir(int fd);
  fchdir: { parameters: ["i32"], result: "i32" },
  // int fcntl(int fd, int cmd, ...);  here always with an int
  fcntl: { parameters: ["i32", "i32", "i32"], result: "i32" },
  // int dup2(int oldfd, int newfd);
  dup2: { parameters: ["i32", "i32"], result: "i32" },
  // ssize_t pread(int fd, void *buf, size_t count, off_t offset);
  pread: { parameters: ["i32", "buffer", "usize", "i64"], result: "i64" },
} as const satisfies SymbolTable;

let symbols: Symbols<typeof TABLE> | undefined;
const libc = () => symbols ??= runtime.open("libc.so.6", TABLE);

const STDERR = 2;
const F_DUPFD_CLOEXEC = 1030;
const CHUNK = 65536;

/**
 * An environment variable as C code of this process sees it; undefined in a process with more
 * privileges than the user who started it (secure_getenv(3)).
 */
export function getEnvironment(name: string): string | undefined {
  const address = libc().secure_getenv(cString(name));
  return address === 0n ? undefined : textAt(address);
}

function setEnvironment(name: string, value: string | undefined): void {
  if (value === undefined) libc().unsetenv(cString(name));
  else libc().setenv(cString(name), cString(value), 1);
}

/** Sets an environment variable for C code until it is disposed of; undefined leaves it alone. */
export function withEnvironment(name: string, value: string | undefined): Disposable {
  if (value === undefined) return { [Symbol.dispose]: () => {} };
  const before = getEnvironment(name);
  setEnvironment(name, value);
  return { [Symbol.dispose]: () => setEnvironment(name, before) };
}

/**
 * Returns to the current directory when disposed of, even if that has been renamed meanwhile.
 *
 * @param meanwhile where to be until then
 */
export function withDirectory(meanwhile?: string): Disposable {
  const here = openFile(".", 0);
  const returning = {
    [Symbol.dispose]() {
      libc().fchdir(here);
      close(here);
    },
  };
  if (meanwhile === undefined) return returning;
  try {
    const there = openFile(meanwhile, 0);
    const result = libc().fchdir(there);
    const code = errno();
    close(there);
    if (result < 0) throw new ErrnoError(`change to the directory "${meanwhile}"`, code);
    return returning;
  } catch (error) {
    returning[Symbol.dispose]();
    throw error;
  }
}

/** A running capture of standard error; see {@linkcode captureStderr}. */
export interface Capture extends Disposable {
  /** Ends the capture and returns everything; idempotent. */
  finish(): string;
}

/**
 * Turns file descriptor 2 into a memory file, which unlike a pipe never blocks its writer. The
 * descriptor belongs to the whole process: what others write there is captured as well.
 */
export function captureStderr(): Capture {
  const file = memfd("stderr", new Uint8Array());
  const before = libc().fcntl(STDERR, F_DUPFD_CLOEXEC, STDERR + 1);
  if (before < 0) {
    // Closed from the start: then there is nothing to put back.
    libc().dup2(file, STDERR);
  } else if (libc().dup2(file, STDERR) < 0) {
    const code = errno();
    close(file);
    close(before);
    throw new ErrnoError("capture standard error", code);
  }
  let text: string | undefined;
  const finish = () => {
    if (text !== undefined) return text;
    text = readAll(file);
    if (before < 0) close(STDERR);
    else {
      libc().dup2(before, STDERR);
      close(before);
    }
    close(file);
    return text;
  };
  return { finish, [Symbol.dispose]: finish };
}

/** Writes text to standard error, bypassing the runtime. */
export function printError(text: string): void {
  const bytes = copyOf(encodeText(text));
  if (bytes.length > 0) symbolsOfLibc().write(STDERR, bytes, BigInt(bytes.length));
}

function readAll(fd: number): string {
  const pieces: Uint8Array[] = [];
  for (let at = 0;;) {
    const piece = alloc(CHUNK);
    const count = Number(libc().pread(fd, piece, BigInt(CHUNK), BigInt(at)));
    if (count <= 0) break;
    pieces.push(piece.subarray(0, count));
    at += count;
  }
  const whole = alloc(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return bufferText(whole);
}
