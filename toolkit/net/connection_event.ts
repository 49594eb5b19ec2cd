/**
 * The event of tools that print a row per new TCP connection.
 *
 * @module
 */

import { type Infer, struct, u32, u64 } from "../../mod.ts";
import { Who } from "../task/who.ts";
import { Flow } from "./flow.ts";

/** `struct event` of tcpaccept.bpf.c and tcpconnect.bpf.c. */
export const ConnectionEvent = struct("event", {
  time: u64.asNumber,
  who: Who,
  flow: Flow,
  netns: u32,
  unused: u32,
});
/** Its TypeScript type. */
export type ConnectionEvent = Infer<typeof ConnectionEvent>;
