/**
 * Which hooks trace active TCP connections (tcp_connect.h).
 *
 * @module
 */

import type { Machine } from "../machine/machine.ts";
import { chooseHooks } from "../run/choose_hooks.ts";

/** The programs of tcp_connect.h for this kernel. @throws {UnsupportedError} */
export function connectPrograms(machine: Machine): Record<string, boolean> {
  return chooseHooks("TCP connections", [
    {
      hook: "fentry:tcp_v4_connect",
      also: ["fentry:tcp_v6_connect"],
      programs: ["v4_connect", "v6_connect"],
    },
    {
      hook: "tracepoint:sock:inet_sock_set_state",
      also: ["tracepoint:tcp:tcp_retransmit_skb", "tracepoint:syscalls:sys_exit_connect"],
      programs: ["set_state", "retransmit", "exit_connect"],
    },
  ], machine);
}
