/**
 * Where accepted TCP connections are seen (accept.h).
 *
 * @module
 */

import type { Way } from "./hooks.ts";

/** The programs of accept.h; the function is also called for io_uring and by the kernel itself. */
export const acceptWays: readonly Way[] = [
  { hook: "fentry:inet_csk_accept", programs: ["csk_accept"] },
  {
    hook: "tracepoint:syscalls:sys_exit_accept4",
    also: ["tracepoint:syscalls:sys_exit_accept"],
    programs: ["exit_accept", "exit_accept4"],
  },
];
