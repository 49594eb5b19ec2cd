/**
 * The running kernel's description of its own types, read once.
 *
 * @module
 */

import { ErrnoError, readFile } from "../../ffi/libc.ts";
import { mapFile } from "../../ffi/map_file.ts";
import { Btf } from "../btf.ts";

/** Where the kernel gives it out, since Linux 5.4 built with CONFIG_DEBUG_INFO_BTF. */
export const VMLINUX = "/sys/kernel/btf/vmlinux";

let kernel: Btf | undefined;

/** @throws {ErrnoError} when the kernel has none */
export function kernelBtf(): Btf {
  return kernel ??= new Btf(content());
}

/** Mapped where the kernel can (6.16 and later): it gives out 4 KiB for each read, of 5 MB. */
function content(): Uint8Array {
  try {
    return new Uint8Array(mapFile(VMLINUX).buffer);
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
    return readFile(VMLINUX);
  }
}
