/**
 * Netfilter: programs among the rules of iptables and nftables. Needs Linux >= 6.4.
 *
 * @module
 */

import { createLink } from "../../ffi/libc/bpf_syscall.ts";
import { Errno } from "../../ffi/libc/errno.ts";
import { alloc } from "../../ffi/libc/memory.ts";
import type { Link } from "../base/link.ts";
import { AttachType } from "../tables/attach_type.ts";
import { type Attachable, linkOf } from "./attachment.ts";
import { explainNetwork } from "./interface.ts";

/** NFPROTO_… (include/uapi/linux/netfilter.h). */
const FAMILIES = { ipv4: 2, ipv6: 10 } as const;
/** enum nf_inet_hooks, in its order. */
const HOOKS = ["pre-routing", "local-in", "forward", "local-out", "post-routing"] as const;
const BPF_F_NETFILTER_IP_DEFRAG = 1;

/** Where a netfilter program runs. */
export interface NetfilterOptions {
  /** Which packets: those of IPv4 or of IPv6. */
  readonly family: "ipv4" | "ipv6";
  /** At which point of their path through the network stack. */
  readonly hook: "pre-routing" | "local-in" | "forward" | "local-out" | "post-routing";
  /**
   * Priority among all hooks at that point: lower runs first. iptables' filter table has 0,
   * connection tracking -200; two BPF programs cannot share one. Default -128.
   */
  readonly priority?: number;
  /**
   * Defragment packets before the program sees them. Needs Linux >= 6.6 and a priority above -400.
   * Default false.
   */
  readonly defragment?: boolean;
}

/** Attaches to the packets of the current network namespace. */
export function attachNetfilter(
  program: Attachable,
  { family, hook, priority = -128, defragment = false }: NetfilterOptions,
): Link {
  if (!Number.isInteger(priority) || Math.abs(priority) > 2 ** 31 - 2) {
    throw new RangeError(
      `Cannot attach program "${program.name}" with priority ${priority}: expected a whole number ` +
        "of 32 bits, not the lowest or highest",
    );
  }
  const details = alloc(16);
  const view = new DataView(details.buffer);
  view.setUint32(0, FAMILIES[family], true);
  view.setUint32(4, HOOKS.indexOf(hook), true);
  view.setInt32(8, priority, true);
  view.setUint32(12, defragment ? BPF_F_NETFILTER_IP_DEFRAG : 0, true);
  const fd = createLink({
    program: program.fd("NETFILTER", "NETFILTER"),
    target: 0,
    type: AttachType.NETFILTER,
    details,
  });
  const description = `netfilter ${family} ${hook}`;
  return linkOf(program, description, fd, (errno) => explain(errno, priority), { pinnable: true });
}

function explain(errno: number, priority: number): string | undefined {
  switch (errno) {
    case Errno.EBUSY:
    case Errno.EEXIST:
      return `another program has priority ${priority} there: choose another`;
    case Errno.EOPNOTSUPP:
      return "this kernel is built without CONFIG_NETFILTER_BPF_LINK";
    default:
      return explainNetwork(errno, "NETFILTER");
  }
}
