/**
 * The bytes of BTF that is in the kernel, by its descriptor.
 *
 * @module
 */

import { struct, u32, u64 } from "../../ffi/codec/mod.ts";
import { readInfo } from "../../ffi/libc/bpf_objects.ts";
import { alloc } from "../../ffi/libc/memory.ts";
import { runtime } from "../../ffi/runtime/runtime.ts";

/** The leading part of struct bpf_btf_info (include/uapi/linux/bpf.h). */
const BtfInfo = struct("bpf_btf_info", { btf: u64, btf_size: u32, id: u32 });

/** Undefined when the kernel does not tell them. Needs Linux >= 4.18. */
export function btfBytes(fd: number): Uint8Array<ArrayBuffer> | undefined {
  const size = ask(fd, 0n, 0);
  if (size === 0) return undefined;
  const bytes = alloc(size);
  const found = ask(fd, runtime.addressOf(bytes), size);
  // Named here so that it lives until the kernel has written it.
  return found === 0 ? undefined : bytes;
}

/** The size; 0 when the kernel does not tell. */
function ask(fd: number, btf: bigint, size: number): number {
  const info = alloc(BtfInfo.size);
  const view = new DataView(info.buffer);
  BtfInfo.write(view, 0, { btf, btf_size: size, id: 0 });
  return readInfo(fd, info) < 0 ? 0 : BtfInfo.read(view, 0).btf_size;
}
