/**
 * The entries of PERF_EVENT_ARRAY maps: a perf event for each CPU, by the CPU's number.
 *
 * @module
 */

import { libbpf } from "../../ffi/libbpf.ts";
import { alloc } from "../../ffi/libc/memory.ts";
import type { MapInfo } from "./map_info.ts";

const ANY = 0n;

/** Sets the perf event of a CPU; returns 0 or -errno. */
export function setCpuSlot(map: MapInfo, cpu: number, fd: number): number {
  return libbpf().bpf_map_update_elem(map.fd, int(cpu), int(fd), ANY);
}

/** Clears the entry of a CPU. */
export function clearCpuSlot(map: MapInfo, cpu: number): void {
  libbpf().bpf_map_delete_elem(map.fd, int(cpu));
}

function int(value: number): Uint8Array<ArrayBuffer> {
  const bytes = alloc(4);
  new DataView(bytes.buffer).setInt32(0, value, true);
  return bytes;
}
