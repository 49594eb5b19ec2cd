/**
 * Which hooks trace accepted TCP connections (tcp_accept.h).
 *
 * @module
 */

import type { HookChoice } from "../run/choose_hooks.ts";

const FUNCTION = "fentry:inet_csk_accept";
const CALLS = ["tracepoint:syscalls:sys_exit_accept", "tracepoint:syscalls:sys_exit_accept4"];

/** The programs of tcp_accept.h, for both hooks if the kernel has them. */
export const acceptHooks: readonly HookChoice[] = [
  { hook: FUNCTION, also: CALLS, programs: ["csk_accept", "exit_accept", "exit_accept4"] },
  { hook: CALLS[0]!, also: CALLS.slice(1), programs: ["exit_accept", "exit_accept4"] },
  { hook: FUNCTION, programs: ["csk_accept"] },
];
