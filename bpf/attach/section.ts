/**
 * Attaching a program where its section name says: `SEC("tracepoint/syscalls/sys_enter_openat")`.
 *
 * @module
 */

import { Errno } from "../../ffi/errno.ts";
import { libbpf, takeWarnings } from "../../ffi/libbpf.ts";
import { permissionReason } from "../errors.ts";
import type { Link } from "../link.ts";
import { type Attachable, linkOf } from "./attachment.ts";
import { explainTracepoint, requireTracefs } from "./tracepoint.ts";

const TRACEPOINT = /^(?:tracepoint|tp)\/([^/]+)\/(.+)$/;

/** Attaches to the hook that the section names; the section must be one libbpf attaches by itself. */
export function attachSection(program: Attachable & { readonly section: string }): Link {
  const { section } = program;
  const [, category, name] = TRACEPOINT.exec(section) ?? [];
  if (category && name) requireTracefs(`attach program "${program.name}" to ${section}`);
  takeWarnings();
  const handle = libbpf().bpf_program__attach(program.handle);
  return linkOf(program, section, handle, (errno) => {
    if (errno === Errno.EOPNOTSUPP) {
      return `section "${section}" does not say where to attach, or this kernel has no such hook: ` +
        "attach the program by hand, or switch it off";
    }
    if (category && name) return explainTracepoint(category, name, errno);
    if (errno === Errno.EPERM || errno === Errno.EACCES) return permissionReason();
    return takeWarnings().at(-1)?.replace(/^libbpf: /, "");
  });
}
