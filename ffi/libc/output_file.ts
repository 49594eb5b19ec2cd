/**
 * Regular files that are written piece by piece: each piece is written in full or not at all.
 *
 * By the C library, since executables made with Deno have no permission to write files.
 *
 * @module
 */

import { runtime, type Symbols, type SymbolTable } from "../runtime/runtime.ts";
import { Errno } from "./errno.ts";
import { checked, ErrnoError } from "./errno_error.ts";
import { close, O_CLOEXEC } from "./files.ts";
import { errno, libc } from "./libc.ts";
import { alloc, cString } from "./memory.ts";

const TABLE = {
  // int ftruncate(int fd, off_t length);
  ftruncate: { parameters: ["i32", "i64"], result: "i32" },
  // ssize_t pwrite64(int fd, const void *buf, size_t count, off64_t offset);
  pwrite64: { parameters: ["i32", "buffer", "usize", "i64"], result: "i64" },
  // int flock(int fd, int op);
  flock: { parameters: ["i32", "i32"], result: "i32" },
  // int rename(const char *oldpath, const char *newpath);
  rename: { parameters: ["buffer", "buffer"], result: "i32" },
} as const satisfies SymbolTable;

const O_RDWR = 2;
const O_CREAT = 0o100;
const O_NOFOLLOW = 0o400000;
const O_NONBLOCK = 0o4000;
const OWNER_ONLY = 0o600;
const LOCK_EX = 2;
const LOCK_NB = 4;

let symbols: Symbols<typeof TABLE> | undefined;
const calls = () => symbols ??= runtime.open("libc.so.6", TABLE);

/** A file that this process alone writes. */
export class OutputFile implements Disposable {
  /** As it was named. */
  readonly path: string;
  #fd: number;
  #size = 0;

  private constructor(path: string, fd: number) {
    this.path = path;
    this.#fd = fd;
  }

  /**
   * Opens a regular file, or makes one that its owner alone may read. What it holds stays until `clear()`.
   *
   * @throws {ErrnoError} EWOULDBLOCK when another process writes it; ELOOP for a symbolic link
   */
  static open(path: string): OutputFile {
    // O_NONBLOCK: opening a device, such as a serial line, could wait.
    const flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    const fd = checked(libc().open(cString(path), flags, OWNER_ONLY), `write "${path}"`);
    const file = new OutputFile(path, fd);
    try {
      checked(calls().flock(fd, LOCK_EX | LOCK_NB), `write "${path}"`);
      return file;
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** How many bytes were written. */
  get size(): number {
    return this.#size;
  }

  /** The first bytes of what the file holds; fewer if it is shorter. */
  begin(length: number): Uint8Array<ArrayBuffer> {
    const bytes = alloc(length);
    const count = libc().pread64(this.#fd, bytes, BigInt(length), 0n);
    return bytes.subarray(0, checked(count, `read "${this.path}"`));
  }

  /** Removes what the file holds. @throws {ErrnoError} EINVAL for what is no regular file */
  clear(): void {
    checked(calls().ftruncate(this.#fd, 0n), `write "${this.path}"`);
    this.#size = 0;
  }

  /** Writes a piece; if it fails, nothing of it is left in the file. @throws {ErrnoError} ENOSPC when the disk is full */
  write(bytes: Uint8Array<ArrayBuffer>): void {
    for (let done = 0; done < bytes.length;) {
      const rest = bytes.subarray(done);
      const count = Number(
        calls().pwrite64(this.#fd, rest, BigInt(rest.length), BigInt(this.#size + done)),
      );
      const failure = count < 0 ? errno() : 0;
      if (failure === Errno.EINTR) continue;
      if (failure !== 0) {
        calls().ftruncate(this.#fd, BigInt(this.#size));
        throw new ErrnoError(`write "${this.path}"`, failure);
      }
      done += count;
    }
    this.#size += bytes.length;
  }

  /** Closes the file; a second call does nothing. */
  close(): void {
    if (this.#fd >= 0) close(this.#fd);
    this.#fd = -1;
  }

  /** Closes the file. */
  [Symbol.dispose](): void {
    this.close();
  }
}

/** Gives a file another name, in place of the file that has it. @throws {ErrnoError} */
export function renameFile(from: string, to: string): void {
  checked(calls().rename(cString(from), cString(to)), `rename "${from}" to "${to}"`);
}
