/**
 * The kinds of programs, by the number the kernel gives them.
 *
 * @module
 */

/** enum bpf_prog_type (include/uapi/linux/bpf.h), the part this library loads or attaches. */
export const ProgramType = {
  SOCKET_FILTER: 1,
  KPROBE: 2,
  SCHED_CLS: 3,
  SCHED_ACT: 4,
  TRACEPOINT: 5,
  XDP: 6,
  PERF_EVENT: 7,
  CGROUP_SKB: 8,
  CGROUP_SOCK: 9,
  SOCK_OPS: 13,
  SK_SKB: 14,
  SK_MSG: 16,
  RAW_TRACEPOINT: 17,
  CGROUP_SOCK_ADDR: 18,
  TRACING: 26,
  LSM: 29,
} as const;

/** A kind's name. */
export type ProgramType = keyof typeof ProgramType;
