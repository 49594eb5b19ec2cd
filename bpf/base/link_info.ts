/**
 * Information that the kernel reports about a link (BPF_OBJ_GET_INFO_BY_FD).
 *
 * @module
 */

import { readInfo } from "../../ffi/libc/bpf_objects.ts";
import { alloc, bufferText } from "../../ffi/libc/memory.ts";
import { runtime } from "../../ffi/runtime/runtime.ts";
import { BpfError } from "./errors.ts";

/** enum bpf_link_type (include/uapi/linux/bpf.h). */
const TYPES = [
  "UNSPEC",
  "RAW_TRACEPOINT",
  "TRACING",
  "CGROUP",
  "ITER",
  "NETNS",
  "XDP",
  "PERF_EVENT",
  "KPROBE_MULTI",
  "STRUCT_OPS",
  "NETFILTER",
  "TCX",
  "UPROBE_MULTI",
  "NETKIT",
  "SOCKMAP",
] as const;
const [BPF_LINK_TYPE_RAW_TRACEPOINT, BPF_LINK_TYPE_PERF_EVENT] = [1, 7];
const BPF_LINK_TYPE_KPROBE_MULTI = 8;
/** enum bpf_perf_event_type. */
const [BPF_PERF_EVENT_KPROBE, BPF_PERF_EVENT_KRETPROBE] = [3, 4];

/** `perf_event.kprobe.missed` and `kprobe_multi.missed` of struct bpf_link_info, since Linux 6.7. */
const [KPROBE_MISSED_AT, MULTI_MISSED_AT] = [48, 32];
const INFO_SIZE = 64;
/** Offset of the part that depends on the link's type. */
const DETAILS = 16;

/** A link in the kernel, as `bpftool link` shows it. */
export interface LinkInfo {
  /** The link's id. */
  readonly id: number;
  /** Its type as C spells it, without the prefix: `RAW_TRACEPOINT`, `XDP`. */
  readonly type: string;
  /** The id of the program that it keeps attached; 0 for none. */
  readonly programId: number;
  /** What it is attached to, where the kernel reports a single object. */
  readonly target?: LinkTarget;
}

/** What a link is attached to. */
export interface LinkTarget {
  /** A raw tracepoint. */
  readonly tracepoint?: string;
  /** A cgroup, by its id: see {@linkcode cgroupPath}. */
  readonly cgroupId?: bigint;
  /** A network namespace, by its inode. */
  readonly netNamespace?: number;
  /** A network interface, by its index. */
  readonly interface?: number;
  /** The map of struct_ops, by its id. */
  readonly mapId?: number;
}

/** What the kernel reports about a link. Needs Linux >= 5.8. @throws {BpfError} */
export function linkInfo(description: string, fd: number): LinkInfo {
  const view = read(fd);
  if (typeof view === "number") {
    throw new BpfError("read", `read the state of ${description}`, view);
  }
  const number = view.getUint32(0, true);
  const info = {
    id: view.getUint32(4, true),
    type: TYPES[number] ?? `type ${number}`,
    programId: view.getUint32(8, true),
  };
  const target = targetOf(fd, number, view);
  return target ? { ...info, target } : info;
}

function targetOf(fd: number, type: number, view: DataView): LinkTarget | undefined {
  switch (TYPES[type]) {
    case "RAW_TRACEPOINT":
      return { tracepoint: tracepointOf(fd) };
    case "CGROUP":
      return { cgroupId: view.getBigUint64(DETAILS, true) };
    case "NETNS":
      return { netNamespace: view.getUint32(DETAILS, true) };
    case "XDP":
    case "TCX":
    case "NETKIT":
      return { interface: view.getUint32(DETAILS, true) };
    case "STRUCT_OPS":
      return { mapId: view.getUint32(DETAILS, true) };
    default:
      return undefined;
  }
}

function tracepointOf(fd: number): string {
  const name = alloc(128);
  const view = read(fd, (asked) => {
    asked.setUint32(0, BPF_LINK_TYPE_RAW_TRACEPOINT, true);
    asked.setBigUint64(DETAILS, runtime.addressOf(name), true);
    asked.setUint32(DETAILS + 8, name.length, true);
  });
  return typeof view === "number" ? "" : bufferText(name);
}

/** struct bpf_link_info, or an errno. */
function read(fd: number, prepare?: (view: DataView) => void): DataView | number {
  const info = alloc(INFO_SIZE);
  const view = new DataView(info.buffer);
  prepare?.(view);
  const result = readInfo(fd, info);
  return result < 0 ? -result : view;
}

/**
 * How many hits of a link's probe were missed: inside another probe, or with more calls in flight
 * than a return probe has room for. 0 where the kernel does not report it.
 */
export function linkMisses(fd: number): number {
  const view = read(fd);
  if (typeof view === "number") return 0;
  const type = view.getUint32(0, true);
  if (type === BPF_LINK_TYPE_KPROBE_MULTI) return Number(view.getBigUint64(MULTI_MISSED_AT, true));
  const kind = view.getUint32(DETAILS, true);
  const isProbe = kind === BPF_PERF_EVENT_KPROBE || kind === BPF_PERF_EVENT_KRETPROBE;
  if (type !== BPF_LINK_TYPE_PERF_EVENT || !isProbe) return 0;
  return Number(view.getBigUint64(KPROBE_MISSED_AT, true));
}
