/**
 * Closing descriptors without waiting for what the kernel does at the last close: a thread of the kernel's does it.
 *
 * @module
 */

import { close } from "./files.ts";
import { libc } from "./libc.ts";
import { alloc } from "./memory.ts";
import { runtime } from "../runtime/runtime.ts";

// The same numbers on x86-64 and arm64 (include/uapi/asm-generic/unistd.h), since Linux 5.1.
const SYS_io_uring_setup = 425n;
const SYS_io_uring_register = 427n;
/** include/uapi/linux/io_uring.h: sizeof(struct io_uring_params). */
const PARAMETERS = 120;
const IORING_REGISTER_FILES = 2n;

/**
 * Closes descriptors. An instance of io_uring holds the files beyond that, and the kernel takes such an instance apart
 * by a thread of its own; where there is none (a sandbox, the sysctl kernel.io_uring_disabled), each close waits.
 */
export function releaseLater(fds: readonly number[]): void {
  const ring = fds.length > 0 ? ringOf(fds) : undefined;
  for (const fd of fds) close(fd);
  if (ring !== undefined) close(ring);
}

function ringOf(fds: readonly number[]): number | undefined {
  const parameters = alloc(PARAMETERS);
  const ring = call(SYS_io_uring_setup, 1n, runtime.addressOf(parameters), 0n, 0n);
  void parameters.length; // alive until the kernel has read it
  if (ring < 0) return undefined;
  const list = new Int32Array(new ArrayBuffer(4 * fds.length));
  list.set(fds);
  const bytes = new Uint8Array(list.buffer);
  const address = runtime.addressOf(bytes);
  const count = BigInt(fds.length);
  const result = call(SYS_io_uring_register, BigInt(ring), IORING_REGISTER_FILES, address, count);
  void bytes.length;
  if (result >= 0) return ring;
  close(ring);
  return undefined;
}

function call(number: bigint, first: bigint, second: bigint, third: bigint, fourth: bigint) {
  return Number(libc().syscall(number, first, second, third, fourth, 0n, 0n));
}
