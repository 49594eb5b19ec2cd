/**
 * The running kernel's own BTF, read once.
 *
 * @module
 */

import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { readFile } from "../../ffi/libc/files.ts";
import type { Mapping } from "../../ffi/libc/mmap.ts";
import { mapFile } from "../../ffi/libc/mmap_file.ts";
import { Btf } from "./btf.ts";

/** The kernel's own BTF, since Linux 5.4 with CONFIG_DEBUG_INFO_BTF. */
export const VMLINUX = "/sys/kernel/btf/vmlinux";

let kernel: Btf | undefined;

/** Cached for the life of the process. @throws {ErrnoError} when the kernel has none */
export function kernelBtf(): Btf {
  return kernel ??= new Btf(bytesOf(content()));
}

/** Passes it to `use` without caching it. @throws {ErrnoError} when the kernel has none */
export function withKernelBtf<T>(use: (btf: Btf) => T): T {
  if (kernel) return use(kernel);
  const read = content();
  using _mapping = read instanceof Uint8Array ? undefined : read;
  return use(new Btf(bytesOf(read)));
}

/**
 * Mapped where the kernel allows it (since 6.16): a read returns 4 KiB at most, and the blob has 5
 * MB.
 */
function content(): Mapping | Uint8Array {
  try {
    return mapFile(VMLINUX);
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
    return readFile(VMLINUX);
  }
}

const bytesOf = (read: Mapping | Uint8Array) =>
  read instanceof Uint8Array ? read : new Uint8Array(read.buffer);
