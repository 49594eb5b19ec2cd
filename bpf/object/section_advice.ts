/**
 * Sections that name a program type but no hook, and the attach method to use instead.
 *
 * @module
 */

import type { AttachType } from "../tables/attach_type.ts";

/** libbpf 1.0's section names of programs for cgroups and socket maps. */
const SECTIONS: Readonly<Record<string, AttachType>> = {
  "cgroup_skb/ingress": "CGROUP_INET_INGRESS",
  "cgroup_skb/egress": "CGROUP_INET_EGRESS",
  "cgroup/skb": "CGROUP_INET_INGRESS",
  "cgroup/sock": "CGROUP_INET_SOCK_CREATE",
  "cgroup/sock_create": "CGROUP_INET_SOCK_CREATE",
  "cgroup/sock_release": "CGROUP_INET_SOCK_RELEASE",
  "cgroup/bind4": "CGROUP_INET4_BIND",
  "cgroup/bind6": "CGROUP_INET6_BIND",
  "cgroup/connect4": "CGROUP_INET4_CONNECT",
  "cgroup/connect6": "CGROUP_INET6_CONNECT",
  "cgroup/connect_unix": "CGROUP_UNIX_CONNECT",
  "cgroup/post_bind4": "CGROUP_INET4_POST_BIND",
  "cgroup/post_bind6": "CGROUP_INET6_POST_BIND",
  "cgroup/sendmsg4": "CGROUP_UDP4_SENDMSG",
  "cgroup/sendmsg6": "CGROUP_UDP6_SENDMSG",
  "cgroup/sendmsg_unix": "CGROUP_UNIX_SENDMSG",
  "cgroup/recvmsg4": "CGROUP_UDP4_RECVMSG",
  "cgroup/recvmsg6": "CGROUP_UDP6_RECVMSG",
  "cgroup/recvmsg_unix": "CGROUP_UNIX_RECVMSG",
  "cgroup/getpeername4": "CGROUP_INET4_GETPEERNAME",
  "cgroup/getpeername6": "CGROUP_INET6_GETPEERNAME",
  "cgroup/getpeername_unix": "CGROUP_UNIX_GETPEERNAME",
  "cgroup/getsockname4": "CGROUP_INET4_GETSOCKNAME",
  "cgroup/getsockname6": "CGROUP_INET6_GETSOCKNAME",
  "cgroup/getsockname_unix": "CGROUP_UNIX_GETSOCKNAME",
  "cgroup/sysctl": "CGROUP_SYSCTL",
  "cgroup/getsockopt": "CGROUP_GETSOCKOPT",
  "cgroup/setsockopt": "CGROUP_SETSOCKOPT",
  "cgroup/dev": "CGROUP_DEVICE",
  "sockops": "CGROUP_SOCK_OPS",
  "sk_msg": "SK_MSG_VERDICT",
  "sk_skb": "SK_SKB_VERDICT",
  "sk_skb/verdict": "SK_SKB_VERDICT",
  "sk_skb/stream_parser": "SK_SKB_STREAM_PARSER",
  "sk_skb/stream_verdict": "SK_SKB_STREAM_VERDICT",
  "lirc_mode2": "LIRC_MODE2",
};

/** Methods of {@linkcode Program} by section prefix. */
const METHODS: readonly (readonly [RegExp, string])[] = [
  [/^xdp(\.frags)?\/(devmap|cpumap)$/, "put it into a map's value with its descriptor (fd)"],
  [/^xdp(\.|\/|$)/, "attach it with attachXdp(interface)"],
  [/^(tc|tcx)\/egress$/, 'attach it with attachTc(interface, "egress")'],
  [/^(tc|tcx|classifier|action)(\/|$)/, 'attach it with attachTc(interface, "ingress")'],
  [/^socket(\/|$)/, "attach it with attachRawSocket(interface) or attachSocketFilter(socket)"],
  [/^(flow_dissector|sk_lookup)(\/|$)/, "attach it with attachNamespace(type)"],
  [/^lwt_/, "pin it and name it to ip route (encap bpf)"],
];

/** What to do with a program in such a section; undefined for other sections. */
export function adviceFor(section: string): string | undefined {
  const type = Object.hasOwn(SECTIONS, section) ? SECTIONS[section] : undefined;
  if (type?.startsWith("CGROUP_")) return `attach it with attachCgroup(path, "${type}")`;
  if (type?.startsWith("SK_")) return `attach it with attachSockMap(map, "${type}")`;
  if (type) return `attach it with attachToFd(fd, "${type}")`;
  return METHODS.find(([pattern]) => pattern.test(section))?.[1];
}
