/**
 * Which hooks trace bytes sent and received over TCP (tcp_bytes.h).
 *
 * @module
 */

import type { Machine } from "../machine/machine.ts";
import { chooseHooks } from "../run/choose_hooks.ts";

const LENGTHS = "tracepoint:sock:sock_send_length";

/** The programs of tcp_bytes.h for this kernel. @throws {UnsupportedError} */
export function bytePrograms(machine: Machine): Record<string, boolean> {
  const functions = ["fentry:tcp_sendmsg", "fentry:tcp_recvmsg"];
  const { receives, other } = receivers(machine);
  const chosen = chooseHooks("the bytes of TCP", [
    {
      hook: LENGTHS,
      also: ["tracepoint:sock:sock_recv_length"],
      programs: ["send_length", "recv_length"],
    },
    {
      hook: "fentry:tcp_sendpage",
      also: functions,
      programs: ["end_sendpage", "end_sendmsg", receives],
    },
    { hook: functions[0]!, also: functions.slice(1), programs: ["end_sendmsg", receives] },
  ], machine);
  return { ...chosen, [other]: false };
}

/** The program for tcp_recvmsg as this kernel declares it, and that for other kernels. */
function receivers(machine: Machine): { receives: string; other: string } {
  const [now, before] = ["end_recvmsg", "end_recvmsg_nonblock"] as const;
  // Looking up a function's parameters takes milliseconds: skipped where tcp_recvmsg is not traced.
  const isBefore = machine.hasHook(LENGTHS).answer !== "yes" &&
    machine.parametersOf("tcp_recvmsg").includes("nonblock");
  return isBefore ? { receives: before, other: now } : { receives: now, other: before };
}
