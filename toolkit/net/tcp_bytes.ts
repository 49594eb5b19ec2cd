/**
 * Which hooks trace bytes sent and received over TCP (tcp_bytes.h).
 *
 * @module
 */

import type { Machine } from "../machine/machine.ts";
import { chooseHooks } from "../run/choose_hooks.ts";

/** The programs of tcp_bytes.h for this kernel. @throws {UnsupportedError} */
export function bytePrograms(machine: Machine): Record<string, boolean> {
  const functions = ["fentry:tcp_sendmsg", "fentry:tcp_recvmsg"];
  return chooseHooks("the bytes of TCP", [
    {
      hook: "tracepoint:sock:sock_send_length",
      also: ["tracepoint:sock:sock_recv_length"],
      programs: ["send_length", "recv_length"],
    },
    {
      hook: "fentry:tcp_sendpage",
      also: functions,
      programs: ["end_sendpage", "end_sendmsg", "end_recvmsg"],
    },
    { hook: functions[0]!, also: functions.slice(1), programs: ["end_sendmsg", "end_recvmsg"] },
  ], machine);
}
