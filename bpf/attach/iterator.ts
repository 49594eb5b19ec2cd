/**
 * Attaches BPF iterators: programs that the kernel runs once for each object of a kind while user
 * space reads the iterator.
 *
 * @module
 */

import { createLink } from "../../ffi/libc/bpf_syscall.ts";
import { Errno } from "../../ffi/libc/errno.ts";
import { alloc } from "../../ffi/libc/memory.ts";
import { runtime } from "../../ffi/runtime/runtime.ts";
import { permissionReason } from "../base/errors.ts";
import type { Link } from "../base/link.ts";
import type { KernelObject } from "../maps/object_map.ts";
import { type Attachable, linkOf } from "./attachment.ts";

/** Restricts what an iterator visits; without any of these it visits all objects of its kind. */
export interface IteratorOptions {
  /** The map whose entries a `bpf_map_elem` iterator visits; it needs one. */
  readonly map?: KernelObject;
  /** Only the threads of this process, for iterators over tasks. Needs Linux >= 6.1. */
  readonly pid?: number;
  /** Only this thread. Needs Linux >= 6.1. */
  readonly tid?: number;
}

/** BPF_TRACE_ITER of enum bpf_attach_type. */
const BPF_TRACE_ITER = 28;

/**
 * Attaches an iterator to the kind of object it was loaded for. {@linkcode Link.text} runs it.
 *
 * Needs Linux >= 5.8.
 */
export function attachIterator(
  program: Attachable,
  target: string,
  options: IteratorOptions = {},
): Link {
  const { map, pid, tid } = options;
  const given = [map, pid, tid].filter((each) => each !== undefined);
  if (given.length > 1) {
    throw new TypeError(
      `Cannot attach program "${program.name}" to iterator ${target}: expected one of map, pid ` +
        "and tid, found several",
    );
  }
  // union bpf_iter_link_info: { u32 map_fd } or { u32 tid, u32 pid, u32 pid_fd }
  const info = alloc(16);
  new Uint32Array(info.buffer).set(map ? [map.fd] : [tid ?? 0, pid ?? 0]);
  // { u64 iter_info, u32 iter_info_len }
  const details = alloc(16);
  const view = new DataView(details.buffer);
  if (given.length > 0) {
    view.setBigUint64(0, runtime.addressOf(info), true);
    view.setUint32(8, info.length, true);
  }
  const request = { program: program.fd("TRACING"), target: 0, type: BPF_TRACE_ITER, details };
  const fd = createLink(request);
  void info.length; // alive until the kernel has read it
  return linkOf(program, `iterator ${target}`, fd, (errno) => {
    if (errno === Errno.EBADF) return "it goes over the entries of a map: name the map";
    if (errno === Errno.EINVAL) return "the program is no iterator, or not one over what was given";
    if (errno === Errno.ESRCH) return `process ${pid ?? tid} does not exist`;
    if (errno === Errno.EPERM || errno === Errno.EACCES) return permissionReason();
    return undefined;
  }, { pinnable: true });
}
