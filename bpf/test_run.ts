/**
 * Running a program by hand (BPF_PROG_TEST_RUN): for tests and measurements, without its hook.
 *
 * @module
 */

import { ENOTSUPP, Errno } from "../ffi/libc/errno.ts";
import { testRun } from "../ffi/libc/bpf_objects.ts";
import { alloc, copyOf } from "../ffi/libc/memory.ts";
import { BpfError, permissionReason } from "./base/errors.ts";
import { programInfo } from "./program_info.ts";

/** What a program is run with. */
export interface RunOptions {
  /**
   * The packet, from its Ethernet header on and at least 14 bytes: for XDP, classifiers, socket filters
   * and others that see packets.
   */
  readonly data?: Uint8Array;
  /**
   * The program's context, as C lays it out: `struct __sk_buff`, `struct xdp_md`, of a raw tracepoint its
   * arguments, a u64 each, of `SEC("syscall")` what the program wants.
   */
  readonly context?: Uint8Array;
  /** How often it is run on the same packet, to measure it. Default 1; raw tracepoints run once. */
  readonly repeat?: number;
  /** The CPU to run a raw tracepoint's program on. Default any. Needs Linux >= 5.10. */
  readonly cpu?: number;
}

/** What a run has given. */
export interface RunResult {
  /** What the program returned, of several runs the last; as C's `int` it may be negative. */
  readonly returned: number;
  /** The packet as the program left it; empty without one. */
  readonly data: Uint8Array<ArrayBuffer>;
  /** The context as the program left it; empty without one. */
  readonly context: Uint8Array<ArrayBuffer>;
  /** How long one run took, on average; 0 where the kernel does not measure. */
  readonly durationNs: number;
}

/** Programs may grow a packet by so much: XDP_PACKET_HEADROOM, and more than any tunnel's header. */
const GROWTH = 512;
const BPF_F_TEST_RUN_ON_CPU = 1;
/** Programs to which the kernel hands a copy of the context back. */
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

/** Runs a program by hand. @throws {BpfError} */
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
    // SEC("syscall") has written to the one that it was given.
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
