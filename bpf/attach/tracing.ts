/**
 * Attaching programs that name their hook when they are loaded: fentry, fexit, fmod_ret, LSM.
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { libbpf } from "../../ffi/libbpf.ts";
import { permissionReason } from "../base/errors.ts";
import type { Link } from "../base/link.ts";
import { type Attachable, linkOf } from "./attachment.ts";

/** Attaches a program to the hook that it was loaded for. Needs Linux >= 5.5, LSM >= 5.7. */
export function attachTraced(
  program: Attachable,
  type: "TRACING" | "LSM",
  description: string,
): Link {
  const fd = libbpf().bpf_raw_tracepoint_open(null, program.fd(type));
  return linkOf(program, description, fd, (errno) => {
    if (errno === Errno.EBUSY) return "something else is attached there and excludes others";
    if (errno === Errno.EPERM || errno === Errno.EACCES) return permissionReason();
    return undefined;
  }, { pinnable: true });
}
