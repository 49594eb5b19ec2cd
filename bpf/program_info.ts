/**
 * What the kernel reports about a loaded program.
 *
 * @module
 */

import { bytes, chars, struct, u32, u64 } from "../ffi/codec/mod.ts";
import { readInfo } from "../ffi/libc/bpf_objects.ts";
import { alloc } from "../ffi/libc/memory.ts";
import { runtime } from "../ffi/runtime/runtime.ts";
import { BpfError } from "./base/errors.ts";
import { ProgramType } from "./tables/program_type.ts";

/** struct bpf_prog_info (include/uapi/linux/bpf.h): the part that Linux 5.16 has. */
const Info = struct("bpf_prog_info", {
  type: u32,
  id: u32,
  tag: bytes(8),
  jited_prog_len: u32,
  xlated_prog_len: u32,
  jited_prog_insns: u64,
  xlated_prog_insns: u64,
  load_time: u64,
  created_by_uid: u32,
  nr_map_ids: u32,
  map_ids: u64,
  name: chars(16),
  ifindex: u32,
  flags: u32,
  netns: bytes(16),
  functions: bytes(24),
  btf_id: u32,
  lines: bytes(60),
  run_time_ns: u64.asNumber,
  run_cnt: u64.asNumber,
  recursion_misses: u64.asNumber,
  verified_insns: u32,
});

/** A program in the kernel, as `bpftool prog` shows it. */
export interface ProgramInfo {
  /** The program's id. */
  readonly id: number;
  /** Its type as C spells it, without the prefix: `TRACEPOINT`. */
  readonly type: string;
  /** Its name in C, truncated to 15 characters. */
  readonly name: string;
  /** Its tag, a hash of its instructions, in hexadecimal. */
  readonly tag: string;
  /** When it was loaded, in nanoseconds since boot (CLOCK_BOOTTIME). */
  readonly loadTimeNs: bigint;
  /** The uid of the user who loaded it. */
  readonly uid: number;
  /** BPF instructions of 8 bytes each; 0 where the kernel hides them. */
  readonly instructions: number;
  /** Size of the machine code in bytes; 0 if it is interpreted. */
  readonly machineCodeBytes: number;
  /** The ids of the maps that it uses. */
  readonly mapIds: readonly number[];
  /** The id of its BTF; 0 if it has none. */
  readonly btfId: number;
  /** Total run time while {@linkcode enableStatistics} was on. 0 before Linux 5.1. */
  readonly runTimeNs: number;
  /** Number of runs while {@linkcode enableStatistics} was on. 0 before Linux 5.1. */
  readonly runCount: number;
  /** How often it was missed because it was already running on that CPU. 0 before Linux 5.12. */
  readonly recursionMisses: number;
  /** Instructions that the verifier processed. 0 before Linux 5.16. */
  readonly verifiedInstructions: number;
}

/** What the kernel reports about a program. @throws {BpfError} */
export function programInfo(name: string, fd: number): ProgramInfo {
  const { nr_map_ids: count } = ask(name, fd, alloc(0));
  const ids = alloc(4 * count);
  const info = ask(name, fd, ids);
  const typeName = Object.entries(ProgramType).find(([, number]) => number === info.type)?.[0];
  return {
    id: info.id,
    type: typeName ?? `type ${info.type}`,
    name: info.name,
    tag: Array.from(info.tag, (byte) => byte.toString(16).padStart(2, "0")).join(""),
    loadTimeNs: info.load_time,
    uid: info.created_by_uid,
    instructions: info.xlated_prog_len / 8,
    machineCodeBytes: info.jited_prog_len,
    mapIds: [...new Uint32Array(ids.buffer)],
    btfId: info.btf_id,
    runTimeNs: info.run_time_ns,
    runCount: info.run_cnt,
    recursionMisses: info.recursion_misses,
    verifiedInstructions: info.verified_insns,
  };
}

/** How often a program was missed because it was already running on that CPU. */
export function programMisses(name: string, fd: number): number {
  return ask(name, fd, alloc(0)).recursion_misses;
}

/** The kernel writes the ids of the program's maps to `ids`. */
function ask(name: string, fd: number, ids: Uint8Array<ArrayBuffer>) {
  const info = alloc(Info.size);
  const view = new DataView(info.buffer);
  if (ids.length > 0) {
    view.setUint32(52, ids.length / 4, true);
    view.setBigUint64(56, runtime.addressOf(ids), true);
  }
  const result = readInfo(fd, info);
  void ids.length;
  if (result < 0) throw new BpfError("read", `read the state of program "${name}"`, -result);
  return Info.read(view, 0);
}
