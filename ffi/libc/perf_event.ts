/**
 * perf_event_open(2): the kernel's way to hook programs to tracepoints, probes and clocks.
 *
 * @module
 */

import { createLink } from "./bpf_syscall.ts";
import { Errno } from "./errno.ts";
import { ErrnoError } from "./errno_error.ts";
import { close } from "./files.ts";
import { errno, libc } from "./libc.ts";
import { alloc } from "./memory.ts";
import { runtime } from "../runtime/runtime.ts";
import { syscallNumberHere } from "./syscall_numbers.ts";

/** The fields of struct perf_event_attr that hooks use (include/uapi/linux/perf_event.h). */
export interface PerfEventAttributes {
  readonly type: number;
  readonly config: bigint;
  /** Events between two samples, or with `frequency` samples per second. */
  readonly samplePeriod?: bigint;
  readonly frequency?: boolean;
  /** Address of a probe's function or path name. */
  readonly config1?: bigint;
  /** A probe's offset or address. */
  readonly config2?: bigint;
  /** What each sample in the event's buffer holds: bits of enum perf_event_sample_format. */
  readonly sampleType?: number;
  /** What read(2) tells: bits of enum perf_event_read_format. */
  readonly readFormat?: number;
  /** Samples between two wake-ups of who waits for the buffer; default 1. */
  readonly wakeupEvents?: number;
  /** Stamp samples with this clock (CLOCK_…) instead of the scheduler's. */
  readonly clock?: number;
  /** More of the attributes' flags, by their bits: `mmap`, `comm` … */
  readonly flags?: number;
}

/** enum perf_type_id. */
export const PerfType = { HARDWARE: 0, SOFTWARE: 1, TRACEPOINT: 2, HW_CACHE: 3, RAW: 4 } as const;

const SYS_perf_event_open = syscallNumberHere("perf_event_open");
const PERF_FLAG_FD_CLOEXEC = 8n;
const PERF_EVENT_IOC_ENABLE = 0x2400n;
const PERF_EVENT_IOC_SET_BPF = 0x40042408n;
const SYS_ioctl = syscallNumberHere("ioctl");

/** enum bpf_attach_type. */
const BPF_PERF_EVENT = 41;

/** PERF_ATTR_SIZE_VER5, known to every kernel since 4.1. */
const SIZE = 112;
const FREQUENCY = 1 << 10;
const USE_CLOCKID = 1 << 25;

/** Opens an event; returns its descriptor, which the caller closes, or -errno. */
export function openPerfEvent(event: PerfEventAttributes, pid: number, cpu: number): number {
  const attr = alloc(SIZE);
  const view = new DataView(attr.buffer);
  view.setUint32(0, event.type, true);
  view.setUint32(4, SIZE, true);
  view.setBigUint64(8, event.config, true);
  view.setBigUint64(16, event.samplePeriod ?? 0n, true);
  view.setBigUint64(24, BigInt(event.sampleType ?? 0), true);
  view.setBigUint64(32, BigInt(event.readFormat ?? 0), true);
  const useClock = event.clock === undefined ? 0 : USE_CLOCKID;
  const flags = (event.frequency ? FREQUENCY : 0) | useClock | (event.flags ?? 0);
  view.setUint32(40, flags, true);
  view.setUint32(48, event.wakeupEvents ?? 1, true);
  view.setBigUint64(56, event.config1 ?? 0n, true);
  view.setBigUint64(64, event.config2 ?? 0n, true);
  view.setInt32(92, event.clock ?? 0, true);
  const address = runtime.addressOf(attr);
  const group = -1n;
  const fd = libc().syscall(
    SYS_perf_event_open,
    address,
    BigInt(pid),
    BigInt(cpu),
    group,
    PERF_FLAG_FD_CLOEXEC,
    0n,
  );
  const result = fd < 0n ? -errno() : Number(fd);
  // The kernel has read the attributes by now: this keeps them from being collected before.
  void attr.length;
  return result;
}

/** Lets a program run at each of the event's samples; returns 0 or -errno. */
export function setProgram(perfFd: number, programFd: number): number {
  const program = BigInt(programFd);
  const request = (code: bigint, argument: bigint) =>
    libc().syscall(SYS_ioctl, BigInt(perfFd), code, argument, 0n, 0n, 0n);
  if (request(PERF_EVENT_IOC_SET_BPF, program) < 0n) return -errno();
  if (request(PERF_EVENT_IOC_ENABLE, 0n) < 0n) return -errno();
  return 0;
}

/**
 * Opens an event and hooks a program to it; returns the descriptor of their link, or the event's own before
 * Linux 5.15, or -errno. Such a kernel keeps no cookie, but loads no program that asks for one either:
 * bpf_get_attach_cookie() came with these links.
 */
export function attachToPerfEvent(
  programFd: number,
  event: PerfEventAttributes,
  pid: number,
  cpu: number,
  cookie = 0n,
): number {
  const link = linkToPerfEvent(programFd, event, pid, cpu, cookie);
  if (link !== -Errno.EINVAL) return link;
  const fd = openPerfEvent(event, pid, cpu);
  if (fd < 0) return fd;
  const result = setProgram(fd, programFd);
  if (result === 0) return fd;
  close(fd);
  return result;
}

/**
 * Opens an event and links a program to it that can ask bpf_get_attach_cookie() for `cookie`;
 * returns the link's descriptor, which holds the event, or -errno. Needs Linux >= 5.15.
 */
export function linkToPerfEvent(
  programFd: number,
  event: PerfEventAttributes,
  pid: number,
  cpu: number,
  cookie = 0n,
): number {
  const target = openPerfEvent(event, pid, cpu);
  if (target < 0) return target;
  const details = alloc(8);
  new DataView(details.buffer).setBigUint64(0, cookie, true);
  const link = createLink({ program: programFd, target, type: BPF_PERF_EVENT, details });
  close(target);
  return link;
}

/** The first `count` 64 bit words that read(2) gives of an event, as its read format says. */
export function readPerfEvent(fd: number, count: number): number[] {
  const words = new BigUint64Array(new ArrayBuffer(count * 8));
  const bytes = new Uint8Array(words.buffer);
  const result = libc().read(fd, bytes, BigInt(bytes.length));
  if (result < 0n) throw new ErrnoError("read a perf event", errno());
  return Array.from(words, Number);
}
