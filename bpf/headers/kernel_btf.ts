/**
 * The running kernel's description of its own types, read once.
 *
 * @module
 */

import { readFile } from "../../ffi/libc.ts";
import { Btf } from "../btf.ts";

/** Where the kernel gives it out, since Linux 5.4 built with CONFIG_DEBUG_INFO_BTF. */
export const VMLINUX = "/sys/kernel/btf/vmlinux";

let kernel: Btf | undefined;

/** @throws {ErrnoError} when the kernel has none */
export function kernelBtf(): Btf {
  return kernel ??= new Btf(readFile(VMLINUX));
}
