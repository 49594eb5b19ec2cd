/**
 * Attaches programs to raw tracepoints, which pass the kernel's own arguments instead of a
 * formatted record.
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { openRawTracepoint } from "../../ffi/libc/bpf_syscall.ts";
import { permissionReason } from "../base/errors.ts";
import type { Link } from "../base/link.ts";
import { type Attachable, linkOf } from "./attachment.ts";

/** Options of raw tracepoints. */
export interface RawTracepointOptions {
  /**
   * The attach cookie, as bpf_get_attach_cookie() returns it. Needs Linux >= 6.10 unless it is 0.
   * Default 0.
   */
  readonly cookie?: bigint;
}

/**
 * Attaches a raw tracepoint program to the tracepoint of that name, without a category: `sys_enter`.
 *
 * Needs Linux >= 4.17; it does not need tracefs.
 */
export function attachRawTracepoint(
  program: Attachable,
  name: string,
  { cookie = 0n }: RawTracepointOptions = {},
): Link {
  const fd = openRawTracepoint(program.fd("RAW_TRACEPOINT"), name, cookie);
  return linkOf(program, `raw tracepoint ${name}`, fd, (errno) => {
    if (errno === Errno.ENOENT) return "this kernel has no raw tracepoint of that name";
    if (errno === Errno.EINVAL && cookie > 0n) return "cookies of raw tracepoints need Linux 6.10";
    if (errno === Errno.EINVAL) {
      return "the program reads more arguments than the kernel passes there";
    }
    if (errno === Errno.EPERM || errno === Errno.EACCES) return permissionReason();
    return undefined;
  }, { pinnable: true });
}
