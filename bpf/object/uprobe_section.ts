/**
 * Attaching where `SEC("uprobe/FILE:FUNCTION+OFFSET")` says: file and offset are resolved here, and
 * the instruction there is checked, before libbpf sets the probe.
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { collectWarnings, libbpf, takeWarnings } from "../../ffi/libbpf.ts";
import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { errno } from "../../ffi/libc/libc.ts";
import { alloc, cString } from "../../ffi/libc/memory.ts";
import { attachError } from "../attach/attachment.ts";
import { attachUprobe } from "../attach/uprobe.ts";
import { UprobeGuard } from "../attach/uprobe_guard.ts";
import { offsetIn } from "../attach/uprobe_options.ts";
import { permissionReason } from "../base/errors.ts";
import { type Link, newLink } from "../base/link.ts";
import { findFile } from "../proc/library_path.ts";

/** `uprobe`, `uretprobe`, also with `.s`, `.multi`, `.multi.s` or `.session`, and a target. */
const UPROBE = /^u(ret)?probe(\.multi|\.session)?(?:\.s)?\//;
const SECTION = /^u(ret)?probe(\.multi)?(?:\.s)?\/([^:]+):([^+]+?)(?:\+(0x[0-9a-fA-F]+|\d+))?$/;
const ALL_PROCESSES = -1;

/** struct bpf_uprobe_opts: { size_t sz, ref_ctr_offset; u64 cookie; bool retprobe; char *name; … } */
const OPTIONS = { size: 40, retprobeAt: 24 } as const;

/** Whether a section names user functions, by the rules of this or a later libbpf. */
export const isUprobeSection = (section: string): boolean => UPROBE.test(section);

/**
 * Attaches a program of an object to the functions that its section names, in all processes.
 *
 * @param handle `struct bpf_program *`
 */
export function attachUprobeSection(handle: bigint, name: string, section: string): Link {
  const action = `attach program "${name}" to ${section}`;
  const [, ret, multi, file, symbol, offset = "0"] = SECTION.exec(section) ?? [];
  if (file === undefined || symbol === undefined) {
    throw new TypeError(`Cannot ${action}: expected u[ret]probe[.multi]/FILE:FUNCTION[+OFFSET]`);
  }
  try {
    const path = findFile(file);
    if (path === undefined) throw new ErrnoError(`find "${file}"`, Errno.ENOENT);
    const atReturn = ret !== undefined;
    if (multi !== undefined) {
      const fd = () => libbpf().bpf_program__fd(handle);
      return attachUprobe({ name, isMulti: true, fd }, { path, symbol: glob(symbol), atReturn });
    }
    if (atReturn && Number(offset) !== 0) {
      throw new TypeError(`Cannot ${action}: a return goes without offset`);
    }
    const place = offsetIn(path, symbol, { offset: Number(offset) }, action);
    using guard = new UprobeGuard(path);
    guard.check(place, action);
    return attach(handle, name, section, { path: guard.path, offset: place, atReturn });
  } catch (error) {
    if (!(error instanceof ErrnoError)) throw error;
    throw attachError({ name }, section, error.errno, explain);
  }
}

function attach(
  handle: bigint,
  name: string,
  section: string,
  place: { readonly path: string; readonly offset: number; readonly atReturn: boolean },
): Link {
  const options = alloc(OPTIONS.size);
  new DataView(options.buffer).setBigUint64(0, BigInt(OPTIONS.size), true);
  options[OPTIONS.retprobeAt] = place.atReturn ? 1 : 0;
  collectWarnings();
  const link = libbpf().bpf_program__attach_uprobe_opts(
    handle,
    ALL_PROCESSES,
    cString(place.path),
    BigInt(place.offset),
    options,
  );
  if (link === 0n) {
    const warning = takeWarnings().at(-1)?.replace(/^libbpf: /, "");
    throw attachError({ name }, section, errno(), (errno) => explain(errno) ?? warning);
  }
  const release = () => libbpf().bpf_link__destroy(link);
  return newLink(section, release, libbpf().bpf_link__fd(link));
}

function explain(errno: number): string | undefined {
  if (errno === Errno.ENOENT) return "the file or the symbol does not exist";
  return errno === Errno.EPERM || errno === Errno.EACCES ? permissionReason() : undefined;
}

/** libbpf's glob patterns: `*` and `?`. */
function glob(pattern: string): RegExp {
  const text = pattern.replace(/[^\w*?]/g, "\\$&").replaceAll("*", ".*").replaceAll("?", ".");
  return new RegExp(`^${text}$`);
}
