/**
 * Attaching to functions of programs and shared libraries.
 *
 * @module
 */

import { pointer, struct, u64, u8 } from "../../ffi/codec/mod.ts";
import { Errno } from "../../ffi/errno.ts";
import { libbpf } from "../../ffi/libbpf.ts";
import { alloc, cString } from "../../ffi/memory.ts";
import { runtime } from "../../ffi/runtime.ts";
import { permissionReason } from "../errors.ts";
import type { Link } from "../link.ts";
import { type Attachable, linkOf } from "./attachment.ts";

/** Where in which file to attach. */
export interface UprobeOptions {
  /** The program or library file: an absolute path. */
  readonly path: string;
  /** The function's symbol; without it `offset` counts from the start of the file. */
  readonly symbol?: string;
  /** Bytes into the function, or into the file. Default 0. */
  readonly offset?: number;
  /** Attach to the function's return instead of its entry. */
  readonly atReturn?: boolean;
  /** Only this process; default all processes, also those started later. */
  readonly pid?: number;
}

/** struct bpf_uprobe_opts of libbpf 1.0 (bpf/libbpf.h). */
const Options = struct("bpf_uprobe_opts", {
  sz: u64,
  ref_ctr_offset: u64,
  bpf_cookie: u64,
  retprobe: u8,
  func_name: pointer,
});

const ALL_PROCESSES = -1;

/**
 * Attaches a kprobe-type program to a user function.
 *
 * Needs Linux >= 4.17 (perf's uprobe PMU). Functions that the dynamic linker chooses at run time
 * (IFUNCs, such as glibc's strlen) are reached by their implementation's symbol or offset.
 */
export function attachUprobe(program: Attachable, options: UprobeOptions): Link {
  const { path, symbol, offset = 0, atReturn = false, pid = ALL_PROCESSES } = options;
  const name = symbol === undefined ? undefined : cString(symbol);
  const opts = alloc(Options.size);
  Options.write(new DataView(opts.buffer), 0, {
    sz: BigInt(Options.size),
    ref_ctr_offset: 0n,
    bpf_cookie: 0n,
    retprobe: atReturn ? 1 : 0,
    func_name: name ? runtime.addressOf(name) : 0n,
  });
  const handle = libbpf().bpf_program__attach_uprobe_opts(
    program.handle,
    pid,
    cString(path),
    BigInt(offset),
    opts,
  );
  const kind = atReturn ? "uretprobe" : "uprobe";
  const where = `${kind} ${path}:${symbol ?? ""}${
    offset || !symbol ? `+0x${offset.toString(16)}` : ""
  }`;
  return linkOf(program, where, handle, (errno) => {
    if (errno === Errno.ENOENT) return "the file or the symbol does not exist";
    if (errno === Errno.ESRCH) return `process ${pid} does not exist`;
    if (errno === Errno.EPERM || errno === Errno.EACCES) return permissionReason();
    return undefined;
  });
}
