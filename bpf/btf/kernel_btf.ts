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

/** Where the kernel gives it out, since Linux 5.4 built with CONFIG_DEBUG_INFO_BTF. */
export const VMLINUX = "/sys/kernel/btf/vmlinux";

let kernel: Btf | undefined;

/** Kept for as long as the process lives. @throws {ErrnoError} when the kernel has none */
export function kernelBtf(): Btf {
  return kernel ??= new Btf(bytesOf(content()));
}

/** Lets `use` read it, and keeps nothing of its memory. @throws {ErrnoError} when there is none */
export function withKernelBtf<T>(use: (btf: Btf) => T): T {
  if (kernel) return use(kernel);
  const read = content();
  using _mapping = read instanceof Uint8Array ? undefined : read;
  return use(new Btf(bytesOf(read)));
}

/** Mapped where the kernel can (6.16 and later): it gives out 4 KiB for each read, of 5 MB. */
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
