/**
 * Reads the raw bytes of a BTF object in the kernel by file descriptor.
 *
 * @module
 */

import { struct, u32, u64 } from "../../ffi/codec/mod.ts";
import { readInfo } from "../../ffi/libc/bpf_objects.ts";
import { alloc, bufferText } from "../../ffi/libc/memory.ts";
import { runtime } from "../../ffi/runtime/runtime.ts";
import { BpfError } from "../base/errors.ts";

/** struct bpf_btf_info (include/uapi/linux/bpf.h); all but the first three since Linux 5.11. */
const Info = struct("bpf_btf_info", {
  btf: u64,
  btf_size: u32,
  id: u32,
  name: u64,
  name_len: u32,
  kernel_btf: u32,
});

/** Type information in the kernel, as `bpftool btf` shows it. */
export interface BtfInfo {
  /** Its id in the kernel. */
  readonly id: number;
  /** `vmlinux` or the module's name; empty for BTF of programs and maps, and before Linux 5.11. */
  readonly name: string;
  /** Its bytes. */
  readonly sizeBytes: number;
  /** Whether it belongs to the kernel or a module. False before Linux 5.11. */
  readonly isKernel: boolean;
}

/** What the kernel reports about a BTF object. @throws {BpfError} */
export function btfInfo(id: number, fd: number): BtfInfo {
  const name = alloc(64);
  const request = { btf: 0n, btf_size: 0, id: 0, name_len: name.length, kernel_btf: 0 };
  const info = alloc(Info.size);
  const view = new DataView(info.buffer);
  Info.write(view, 0, { ...request, name: runtime.addressOf(name) });
  const result = readInfo(fd, info);
  if (result < 0) throw new BpfError("read", `read the state of BTF ${id}`, -result);
  const { btf_size: sizeBytes, kernel_btf } = Info.read(view, 0);
  return { id, name: bufferText(name), sizeBytes, isKernel: kernel_btf !== 0 };
}

/** The raw BTF; undefined when the kernel does not report it. Needs Linux >= 4.18. */
export function btfBytes(fd: number): Uint8Array<ArrayBuffer> | undefined {
  const size = ask(fd, 0n, 0);
  if (size === 0) return undefined;
  const bytes = alloc(size);
  const found = ask(fd, runtime.addressOf(bytes), size);
  // `bytes` is used after the call, so the buffer stays alive until the kernel has written it.
  return found === 0 ? undefined : bytes;
}

/** The size in bytes; 0 when the kernel does not report it. */
function ask(fd: number, btf: bigint, size: number): number {
  const info = alloc(Info.size);
  const view = new DataView(info.buffer);
  Info.write(view, 0, { btf, btf_size: size, id: 0, name: 0n, name_len: 0, kernel_btf: 0 });
  return readInfo(fd, info) < 0 ? 0 : Info.read(view, 0).btf_size;
}
