/**
 * Links that attach one program to many functions at once.
 *
 * @module
 */

import { createLink } from "./bpf_syscall.ts";
import { alloc, cString } from "./memory.ts";
import { runtime } from "../runtime/runtime.ts";

// Bits of enum bpf_kprobe_multi / bpf_uprobe_multi flags (include/uapi/linux/bpf.h).
const BPF_F_KPROBE_MULTI_RETURN = 1;
const BPF_F_UPROBE_MULTI_RETURN = 1;
// enum bpf_attach_type.
const BPF_TRACE_KPROBE_MULTI = 42;
const BPF_TRACE_UPROBE_MULTI = 48;

/**
 * Attaches to kernel functions by name: a link's descriptor or -errno. Needs Linux >= 5.18.
 *
 * @param cookies what bpf_get_attach_cookie() returns at each
 */
export function linkKprobes(
  program: number,
  names: readonly string[],
  atReturn: boolean,
  cookies?: readonly number[],
): number {
  const strings = names.map(cString);
  const addresses = wordsOf(strings.map((string) => runtime.addressOf(string)));
  const marks = cookies && wordsOf(cookies.map(BigInt));
  // { u32 flags, u32 cnt, u64 syms, u64 addrs, u64 cookies }
  const details = alloc(32);
  const view = new DataView(details.buffer);
  view.setUint32(0, atReturn ? BPF_F_KPROBE_MULTI_RETURN : 0, true);
  view.setUint32(4, names.length, true);
  view.setBigUint64(8, runtime.addressOf(addresses), true);
  if (marks) view.setBigUint64(24, runtime.addressOf(marks), true);
  const fd = createLink({ program, target: 0, type: BPF_TRACE_KPROBE_MULTI, details });
  void [strings.length, addresses.length, marks?.length]; // alive until the kernel has read them
  return fd;
}

/** Locations in a file to attach to. */
export interface UprobePlaces {
  readonly path: string;
  readonly offsets: readonly number[];
  /**
   * File offsets of the USDT semaphores, which the kernel increments while a program is attached; 0
   * for none.
   */
  readonly semaphores?: readonly number[];
  /** What bpf_get_attach_cookie() returns at each. */
  readonly cookies?: readonly number[];
  /** Only this process. */
  readonly pid?: number | undefined;
}

/** Attaches to places in a file: a link's descriptor or -errno. Needs Linux >= 6.6. */
export function linkUprobes(
  program: number,
  { path, offsets, semaphores, cookies, pid = 0 }: UprobePlaces,
  atReturn: boolean,
): number {
  const name = cString(path);
  const lists = [offsets, semaphores, cookies].map((list) => list && wordsOf(list.map(BigInt)));
  // { u64 path, u64 offsets, u64 ref_ctr_offsets, u64 cookies, u32 cnt, u32 flags, u32 pid }
  const details = alloc(48);
  const view = new DataView(details.buffer);
  view.setBigUint64(0, runtime.addressOf(name), true);
  lists.forEach((list, i) => list && view.setBigUint64(8 + 8 * i, runtime.addressOf(list), true));
  view.setUint32(32, offsets.length, true);
  view.setUint32(36, atReturn ? BPF_F_UPROBE_MULTI_RETURN : 0, true);
  view.setUint32(40, pid, true);
  const fd = createLink({ program, target: 0, type: BPF_TRACE_UPROBE_MULTI, details });
  void [name.length, lists.length];
  return fd;
}

function wordsOf(values: readonly bigint[]): Uint8Array<ArrayBuffer> {
  const bytes = alloc(8 * values.length);
  new BigUint64Array(bytes.buffer).set(values);
  return bytes;
}
