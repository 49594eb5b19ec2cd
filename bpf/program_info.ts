/**
 * What the kernel tells of a program that is loaded.
 *
 * @module
 */

import { libbpf } from "../ffi/libbpf.ts";
import { alloc } from "../ffi/libc/memory.ts";
import { BpfError } from "./base/errors.ts";

/** `recursion_misses` of struct bpf_prog_info (include/uapi/linux/bpf.h), since Linux 5.12. */
const MISSES_AT = 208;

/** How often a program was left out because it, or one like it, ran on that CPU already. */
export function programMisses(name: string, fd: number): number {
  const info = alloc(MISSES_AT + 8);
  const length = new Uint32Array([info.length]);
  const result = libbpf().bpf_obj_get_info_by_fd(fd, info, new Uint8Array(length.buffer));
  if (result < 0) throw new BpfError("read", `read the state of program "${name}"`, -result);
  return Number(new DataView(info.buffer).getBigUint64(MISSES_AT, true));
}
