/**
 * Running a program without its hook (BPF_PROG_TEST_RUN): for tests and measurements.
 *
 * @module
 */

import { ENOTSUPP, Errno } from "../ffi/libc/errno.ts";
import { testRun } from "../ffi/libc/bpf_objects.ts";
import { alloc, copyOf } from "../ffi/libc/memory.ts";
import { BpfError, permissionReason } from "./base/errors.ts";
import { programInfo } from "./program_info.ts";

/** The input of a run. */
export interface RunOptions {
  /**
   * The packet, from its Ethernet header on, at least 14 bytes: for XDP, classifiers, socket
   * filters and other programs that see packets.
   */
  readonly data?: Uint8Array;
  /**
   * The program's context in its C layout: `struct __sk_buff`, `struct xdp_md`; for a raw
   * tracepoint its arguments, a u64 each; for `SEC("syscall")` whatever the program expects.
   */
  readonly context?: Uint8Array;
  /** How often it is run on the same packet, to measure it. Default 1; raw tracepoints run once. */
  readonly repeat?: number;
  /** The CPU to run a raw tracepoint program on. Default any. Needs Linux >= 5.10. */
  readonly cpu?: number;
}

/** The result of a run. */
export interface RunResult {
  /**
   * The return value, that of the last run if there are several; a C `int`, so it may be negative.
   */
  readonly returned: number;
  /** The packet as the program left it; empty without one. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** The context as the program left it; empty without one. */
  readonly context: Uint8Array<ArrayBuffer>;
  /** The average time of one run in nanoseconds; 0 where the kernel does not measure it. */
  readonly durationNs: number;
}

/** How much a program may grow a packet: XDP_PACKET_HEADROOM, and more than any tunnel header. */
const GROWTH = 512;
const BPF_F_TEST_RUN_ON_CPU = 1;
/** Program types whose context the kernel copies back. */
const GIVES_CONTEXT: readonly string[] = [
  "SOCKET_FILTER",
  "SCHED_CLS",
  "SCHED_ACT",
  "CGROUP_SKB",
  "LWT_IN",
  "LWT_OUT",
  "LWT_XMIT",
  "LWT_SEG6LOCAL",
  "XDP",
];

/** Runs a program (BPF_PROG_TEST_RUN). @throws {BpfError} */
export function runProgram(name: string, fd: number, options: RunOptions): RunResult {
  const { repeat = 1, cpu } = options;
  if (!Number.isInteger(repeat) || repeat < 1 || repeat > 2 ** 31 - 1) {
    throw new RangeError(
      `Cannot run program "${name}" ${repeat} times: expected a whole number >= 1`,
    );
  }
  const { type } = programInfo(name, fd);
  const data = options.data && copyOf(options.data);
  const context = options.context && copyOf(options.context);
  const dataOut = data && alloc(data.length + GROWTH);
  const contextOut = context && GIVES_CONTEXT.includes(type) ? alloc(context.length) : undefined;
  const result = testRun({
    program: fd,
    data,
    dataOut,
    context,
    contextOut,
    repeat: repeat === 1 ? 0 : repeat,
    flags: cpu === undefined ? 0 : BPF_F_TEST_RUN_ON_CPU,
    cpu: cpu ?? 0,
  });
  if (typeof result === "number") {
    throw new BpfError("run", `run program "${name}" by hand`, -result, explain(-result, type));
  }
  return {
    returned: result.returned | 0,
    data: dataOut?.slice(0, result.dataSize) ?? alloc(0),
    // SEC("syscall") programs write to the context buffer itself.
    context: contextOut?.slice(0, result.contextSize) ?? context ?? alloc(0),
    durationNs: result.durationNs,
  };
}

function explain(errno: number, type: string): string | undefined {
  switch (errno) {
    case ENOTSUPP:
    case Errno.EOPNOTSUPP:
      return `this kernel runs no ${type} programs by hand`;
    case Errno.EINVAL:
      return "programs for packets take a packet of at least 14 bytes, raw tracepoints and " +
        'SEC("syscall") a context that is large enough and nothing else, and other types nothing';
    case Errno.ENXIO:
      return "there is no such CPU";
    case Errno.EPERM:
    case Errno.EACCES:
      return permissionReason();
    default:
      return undefined;
  }
}
