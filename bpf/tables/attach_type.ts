/**
 * Attach types by their numbers in the kernel.
 *
 * @module
 */

import type { ProgramType } from "./program_type.ts";

/**
 * enum bpf_attach_type (include/uapi/linux/bpf.h); of tracing types only the multi ones.
 */
export const AttachType = {
  CGROUP_INET_INGRESS: 0,
  CGROUP_INET_EGRESS: 1,
  CGROUP_INET_SOCK_CREATE: 2,
  CGROUP_SOCK_OPS: 3,
  SK_SKB_STREAM_PARSER: 4,
  SK_SKB_STREAM_VERDICT: 5,
  CGROUP_DEVICE: 6,
  SK_MSG_VERDICT: 7,
  CGROUP_INET4_BIND: 8,
  CGROUP_INET6_BIND: 9,
  CGROUP_INET4_CONNECT: 10,
  CGROUP_INET6_CONNECT: 11,
  CGROUP_INET4_POST_BIND: 12,
  CGROUP_INET6_POST_BIND: 13,
  CGROUP_UDP4_SENDMSG: 14,
  CGROUP_UDP6_SENDMSG: 15,
  LIRC_MODE2: 16,
  FLOW_DISSECTOR: 17,
  CGROUP_SYSCTL: 18,
  CGROUP_UDP4_RECVMSG: 19,
  CGROUP_UDP6_RECVMSG: 20,
  CGROUP_GETSOCKOPT: 21,
  CGROUP_SETSOCKOPT: 22,
  CGROUP_INET4_GETPEERNAME: 29,
  CGROUP_INET6_GETPEERNAME: 30,
  CGROUP_INET4_GETSOCKNAME: 31,
  CGROUP_INET6_GETSOCKNAME: 32,
  CGROUP_INET_SOCK_RELEASE: 34,
  SK_LOOKUP: 36,
  XDP: 37,
  SK_SKB_VERDICT: 38,
  TRACE_KPROBE_MULTI: 42,
  NETFILTER: 45,
  TCX_INGRESS: 46,
  TCX_EGRESS: 47,
  TRACE_UPROBE_MULTI: 48,
  CGROUP_UNIX_CONNECT: 49,
  CGROUP_UNIX_SENDMSG: 50,
  CGROUP_UNIX_RECVMSG: 51,
  CGROUP_UNIX_GETPEERNAME: 52,
  CGROUP_UNIX_GETSOCKNAME: 53,
} as const;

/** An attach type's name. */
export type AttachType = keyof typeof AttachType;

/** The program type for an attach type. */
export function programTypeOf(type: AttachType): ProgramType {
  switch (type) {
    case "CGROUP_INET_INGRESS":
    case "CGROUP_INET_EGRESS":
      return "CGROUP_SKB";
    case "CGROUP_INET_SOCK_CREATE":
    case "CGROUP_INET_SOCK_RELEASE":
    case "CGROUP_INET4_POST_BIND":
    case "CGROUP_INET6_POST_BIND":
      return "CGROUP_SOCK";
    case "CGROUP_SOCK_OPS":
      return "SOCK_OPS";
    case "CGROUP_GETSOCKOPT":
    case "CGROUP_SETSOCKOPT":
      return "CGROUP_SOCKOPT";
    case "SK_SKB_STREAM_PARSER":
    case "SK_SKB_STREAM_VERDICT":
    case "SK_SKB_VERDICT":
      return "SK_SKB";
    case "SK_MSG_VERDICT":
      return "SK_MSG";
    case "TCX_INGRESS":
    case "TCX_EGRESS":
      return "SCHED_CLS";
    case "TRACE_KPROBE_MULTI":
    case "TRACE_UPROBE_MULTI":
      return "KPROBE";
    // These attach types have the name of their program type.
    case "CGROUP_DEVICE":
    case "CGROUP_SYSCTL":
    case "FLOW_DISSECTOR":
    case "LIRC_MODE2":
    case "NETFILTER":
    case "SK_LOOKUP":
    case "XDP":
      return type;
    default:
      return "CGROUP_SOCK_ADDR";
  }
}
