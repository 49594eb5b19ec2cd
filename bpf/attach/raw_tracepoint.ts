/**
 * Attaches programs to raw tracepoints, which pass the kernel's own arguments instead of a
 * formatted record.
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { libbpf } from "../../ffi/libbpf.ts";
import { cString } from "../../ffi/libc/memory.ts";
import { permissionReason } from "../base/errors.ts";
import type { Link } from "../base/link.ts";
import { type Attachable, linkOf } from "./attachment.ts";

/**
 * Attaches a raw tracepoint program to the tracepoint of that name, without a category: `sys_enter`.
 *
 * Needs Linux >= 4.17; it does not need tracefs.
 */
export function attachRawTracepoint(program: Attachable, name: string): Link {
  const fd = libbpf().bpf_raw_tracepoint_open(cString(name), program.fd("RAW_TRACEPOINT"));
  return linkOf(program, `raw tracepoint ${name}`, fd, (errno) => {
    if (errno === Errno.ENOENT) return "this kernel has no raw tracepoint of that name";
    if (errno === Errno.EPERM || errno === Errno.EACCES) return permissionReason();
    return undefined;
  }, { pinnable: true });
}
