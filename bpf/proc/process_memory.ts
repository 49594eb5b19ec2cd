/**
 * Reading the memory of another process while it runs.
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { errno, libc } from "../../ffi/libc/libc.ts";
import { alloc } from "../../ffi/libc/memory.ts";
import { runtime } from "../../ffi/runtime/runtime.ts";
import { BpfError } from "../base/errors.ts";

/**
 * The memory of a process. The process is not stopped, so related values may be read half before
 * and half after a change.
 *
 * Needs Linux >= 3.2, and the right to trace the process: ptrace(2), "Ptrace access mode checking".
 */
export class ProcessMemory {
  /** The process whose memory it is. */
  readonly pid: number;

  /** Opens nothing: the process is looked up at each read. */
  constructor(pid: number) {
    this.pid = pid;
  }

  /**
   * Reads `size` bytes at an address.
   *
   * @throws {BpfError} with code `EFAULT` when not all of it is mapped, `ESRCH` when the process has
   * ended, `EPERM` when it may not be read
   */
  read(address: bigint, size: number): Uint8Array<ArrayBuffer> {
    const bytes = alloc(size);
    const done = size === 0 ? 0 : this.#copy(address, bytes);
    if (done === size) return bytes;
    // A short read: the next page is not mapped.
    const error = done < 0 ? errno() : Errno.EFAULT;
    const action = `read ${size} bytes at 0x${address.toString(16)} of process ${this.pid}`;
    throw new BpfError("read", action, error, reason(error));
  }

  /** Reads an unsigned 64-bit number. @throws {BpfError} as {@linkcode ProcessMemory.read} */
  word(address: bigint): bigint {
    return new DataView(this.read(address, 8).buffer).getBigUint64(0, true);
  }

  #copy(address: bigint, bytes: Uint8Array<ArrayBuffer>): number {
    const here = vector(runtime.addressOf(bytes), bytes.length);
    const there = vector(BigInt.asUintN(64, address), bytes.length);
    const done = libc().process_vm_readv(this.pid, here, 1n, there, 1n, 0n);
    void bytes.length; // alive until the kernel has filled it
    return Number(done);
  }
}

/** struct iovec { void *iov_base; size_t iov_len; } */
function vector(base: bigint, length: number): Uint8Array<ArrayBuffer> {
  const bytes = alloc(16);
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, base, true);
  view.setBigUint64(8, BigInt(length), true);
  return bytes;
}

function reason(error: number): string | undefined {
  if (error === Errno.ESRCH) return "it has ended";
  if (error === Errno.EFAULT) return "not all of that is mapped there";
  if (error === Errno.EPERM) {
    return "run it as root (sudo), or give it the capability CAP_SYS_PTRACE";
  }
  return undefined;
}
