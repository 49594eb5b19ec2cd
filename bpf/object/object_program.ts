/**
 * Attaching a program to the hook in its section name:
 * `SEC("tracepoint/syscalls/sys_enter_openat")`.
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { collectWarnings, libbpf, takeWarnings } from "../../ffi/libbpf.ts";
import { errno } from "../../ffi/libc/libc.ts";
import { textAt } from "../../ffi/libc/memory.ts";
import { runtime } from "../../ffi/runtime/runtime.ts";
import { permissionReason } from "../base/errors.ts";
import { type Link, newLink } from "../base/link.ts";
import { linkMisses } from "../base/link_info.ts";
import type { LoadedProgram } from "../loaded_program.ts";
import { attachError } from "../attach/attachment.ts";
import { adviceFor } from "./section_advice.ts";
import { attachTracepointSection } from "../attach/tracepoint.ts";
import { attachObjectUsdt } from "../attach/usdt.ts";
import { attachUprobeSection, isUprobeSection } from "./uprobe_section.ts";

const USDT = /^usdt(?:\.s)?\/(\/[^:]+):([^:]+):(.+)$/;
/** Sections of programs that one link attaches to many hooks; libbpf 1.0 knows only the first. */
const MULTI = /^(k(ret)?probe|uprobe)\.multi(\/|$)/;
const TRACEPOINT = /^(?:tracepoint|tp)\/([^/]+)\/(.+)$/;

/** Wraps a program that libbpf has loaded, a `struct bpf_program *`. */
export function objectProgram(handle: bigint): LoadedProgram {
  const name = textAt(libbpf().bpf_program__name(handle));
  const section = textAt(libbpf().bpf_program__section_name(handle));
  return {
    name,
    section,
    isLoaded: true,
    isMulti: MULTI.test(section),
    fd: () => libbpf().bpf_program__fd(handle),
    instructions: () => instructionsOf(handle),
    attach: () => attachSection(handle, name, section),
    attachUsdt: (options) => attachObjectUsdt(handle, name, options),
  };
}

/** A copy: libbpf frees its own with the object. */
function instructionsOf(handle: bigint): Uint8Array<ArrayBuffer> {
  const bytes = Number(libbpf().bpf_program__insn_cnt(handle)) * 8;
  return new Uint8Array(runtime.view(libbpf().bpf_program__insns(handle), bytes)).slice();
}

/**
 * Attaches to the hook that the section names; only for sections that libbpf attaches by itself.
 */
function attachSection(handle: bigint, program: string, section: string): Link {
  const [, path, provider, probe] = USDT.exec(section) ?? [];
  if (path) return attachObjectUsdt(handle, program, { path, provider: provider!, name: probe! });
  if (isUprobeSection(section)) return attachUprobeSection(handle, program, section);
  const advice = adviceFor(section);
  if (advice) {
    throw new TypeError(
      `Cannot attach program "${program}" where its section says: "${section}" names no target: ` +
        advice,
    );
  }
  const [, category, name] = TRACEPOINT.exec(section) ?? [];
  if (category && name) {
    const attachable = { name: program, fd: () => libbpf().bpf_program__fd(handle) };
    return attachTracepointSection(attachable, section, category, name);
  }
  collectWarnings();
  const link = libbpf().bpf_program__attach(handle);
  if (link !== 0n) {
    const release = () => libbpf().bpf_link__destroy(link);
    const fd = libbpf().bpf_link__fd(link);
    return newLink(section, release, fd, [], () => linkMisses(fd));
  }
  throw attachError({ name: program }, section, errno(), (errno) => {
    if (errno === Errno.EOPNOTSUPP) {
      return `section "${section}" does not say where to attach, or this kernel has no such hook: ` +
        "attach the program by hand, or switch it off";
    }
    if (errno === Errno.EPERM || errno === Errno.EACCES) return permissionReason();
    return takeWarnings().at(-1)?.replace(/^libbpf: /, "");
  });
}
