/**
 * The hooks at which pktsnoop sees packets: tracepoints, and kernel functions with a packet as
 * argument.
 *
 * @module
 */

import { type Bpf, u32, UnsupportedError } from "../../mod.ts";
import type { Machine } from "../../toolkit/machine/machine.ts";
import type { TargetHooks } from "../../toolkit/probes/pattern_hooks.ts";

/** Categories and names of tracepoints, indexed by enum place of pktsnoop.bpf.c. */
export const TRACEPOINTS: readonly (readonly [category: string, name: string])[] = [
  ["", ""],
  ["net", "net_dev_queue"],
  ["net", "net_dev_start_xmit"],
  ["net", "netif_rx"],
  ["net", "netif_receive_skb"],
  ["net", "napi_gro_receive_entry"],
  ["qdisc", "qdisc_enqueue"],
  ["qdisc", "qdisc_dequeue"],
  ["tcp", "tcp_retransmit_skb"],
  ["tcp", "tcp_probe"],
  ["skb", "skb_copy_datagram_iovec"],
  ["skb", "kfree_skb"],
  ["skb", "consume_skb"],
];

/** The tracepoint at which a packet is dropped. */
export const DROP = "kfree_skb";

/** The programs for wanted tracepoints, and whether this kernel has each. */
export const tracepointPrograms = (
  machine: Machine,
  isWanted: (name: string) => boolean,
): Record<string, boolean> =>
  Object.fromEntries(
    TRACEPOINTS.slice(1).map(([category, name]) => [
      `at_${name}`,
      isWanted(name) && machine.hasHook(`tracepoint:${category}:${name}`).answer !== "no",
    ]),
  );

const FUNCTIONS_MAX = 4096; // as in pktsnoop.bpf.c
const ARGUMENTS_MAX = 4; // arguments that pktsnoop.bpf.c can read

/** The matching functions with a packet argument, and that argument's index. @throws {Error} */
export function packetFunctions(
  pattern: RegExp,
  machine: Machine,
): TargetHooks & { readonly positions: number[] } {
  const kprobe = machine.hasHook("kprobe");
  if (kprobe.answer === "no") {
    throw new UnsupportedError(
      "trace functions",
      "kprobes",
      `${kprobe.reason}: without --functions the tracepoints show packets`,
    );
  }
  const taking = machine.functionsTaking(
    machine.kernelFunctions(pattern),
    "sk_buff",
    ARGUMENTS_MAX,
  );
  const names = [...taking.keys()];
  const found = `Cannot trace functions that match ${pattern.source}`;
  if (names.length === 0) {
    throw new Error(
      `${found}: none that can be probed takes a struct sk_buff, by the kernel's BTF`,
    );
  }
  if (names.length > FUNCTIONS_MAX) {
    throw new Error(
      `${found}: ${names.length} are more than ${FUNCTIONS_MAX}: narrow the pattern`,
    );
  }
  return {
    target: {
      text: pattern.source,
      kind: "kernel",
      file: "",
      pattern,
      isQualified: false,
      atReturn: false,
    },
    names,
    places: names,
    path: undefined,
    pid: undefined,
    positions: [...taking.values()],
  };
}

/** Passes the argument indices to the kernel side. */
export function tellPositions(bpf: Bpf, positions: readonly number[]): void {
  const map = bpf.map("positions", u32, u32);
  for (const [i, position] of positions.entries()) map.set(i, position);
}
