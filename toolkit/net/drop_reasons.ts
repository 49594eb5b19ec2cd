/**
 * Why the kernel dropped a packet, from its tracepoint skb:kfree_skb.
 *
 * @module
 */

import { kernelEnum, UnsupportedError } from "../../mod.ts";
import type { Machine } from "../machine/machine.ts";

/**
 * The fields this kernel adds to a drop besides its reason. @throws {UnsupportedError} before Linux
 * 5.17
 */
export function dropTold(machine: Machine): { readonly isReceiverTold: boolean } {
  const tracepoint = "trace_event_raw_kfree_skb";
  if (machine.structHasField(tracepoint, "reason").answer === "no") {
    throw new UnsupportedError(
      "trace dropped packets",
      "reasons of drops",
      "tracepoint skb:kfree_skb of this kernel tells no reason",
      "5.17",
    );
  }
  return { isReceiverTold: machine.structHasField(tracepoint, "rx_sk").answer === "yes" };
}

let names: ReadonlyMap<number, string> | undefined;

/** The running kernel's name of a reason; reasons of subsystems such as Wi-Fi have numbers only. */
export function dropReasonName(reason: number): string {
  names ??= kernelEnum("skb_drop_reason") ?? new Map();
  const name = names.get(reason) ?? (reason > 0xffff ? `0x${reason.toString(16)}` : `${reason}`);
  return name.replace(/^SKB_(DROP_REASON_)?/, "");
}
