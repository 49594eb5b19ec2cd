/**
 * Memory mapped into this process: mmap(2).
 *
 * @module
 */

import { ErrnoError } from "./errno_error.ts";
import { errno, libc } from "./libc.ts";
import { runtime } from "../runtime/runtime.ts";

/** Protection and flags of mmap(2). */
export const PROT_READ = 1;
export const PROT_WRITE = 2;
export const MAP_SHARED = 1;
export const MAP_PRIVATE = 2;
export const MAP_ANONYMOUS = 32;

const MAP_FAILED = 0xffff_ffff_ffff_ffffn;

/** Bytes of a page: 4096 on x86-64, up to 65536 on arm64. */
export function pageSize(): number {
  return pageBytes ||= libc().getpagesize();
}

let pageBytes = 0;

/** Memory mapped into this process, seen as one ArrayBuffer. */
export interface Mapping extends Disposable {
  readonly buffer: ArrayBuffer;
  readonly address: bigint;
  /** Unmaps; idempotent. Views over the buffer have length 0 afterwards and throw, never crash. */
  close(): void;
}

/** Maps `length` bytes: mmap(2). @throws {ErrnoError} naming `what`. */
export function map(
  what: string,
  length: number,
  protection: number,
  flags: number,
  fd = -1,
  offset = 0,
): Mapping {
  const address = libc().mmap(0n, BigInt(length), protection, flags, fd, BigInt(offset));
  if (BigInt.asUintN(64, address) === MAP_FAILED) throw new ErrnoError(`map ${what}`, errno());
  let buffer = runtime.view(address, length);
  let open = true;
  const close = () => {
    if (!open) return;
    open = false;
    // A detached buffer makes every view over it empty: reading one then throws where reading
    // unmapped memory would kill the process.
    buffer.transfer(0);
    buffer = new ArrayBuffer(0);
    libc().munmap(address, BigInt(length));
  };
  return {
    get buffer() {
      return buffer;
    },
    address,
    close,
    [Symbol.dispose]: close,
  };
}
