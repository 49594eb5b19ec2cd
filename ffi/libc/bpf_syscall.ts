/**
 * bpf(2): the commands that attach programs to what a number or a descriptor names.
 *
 * Called directly: libbpf 1.0 knows fewer hooks than the kernels it runs on.
 *
 * @module
 */

import { errno, libc } from "./libc.ts";
import { alloc } from "./memory.ts";
import { runtime } from "../runtime/runtime.ts";

const SYS_bpf = process.arch === "arm64" ? 280n : 321n;

// enum bpf_cmd (include/uapi/linux/bpf.h).
const BPF_PROG_ATTACH = 8n;
const BPF_PROG_DETACH = 9n;
const BPF_LINK_CREATE = 28n;
const BPF_ITER_CREATE = 33n;

/** Room for what the commands here take; the kernel wants the bytes behind to be zero. */
const ATTR_SIZE = 64;

/** A program, what to attach it to (a descriptor or an interface's index), and as what. */
export interface AttachRequest {
  readonly program: number;
  readonly target: number;
  /** enum bpf_attach_type. */
  readonly type: number;
  readonly flags?: number;
  /** What links of that type have behind the flags: a member of the union in union bpf_attr. */
  readonly details?: Uint8Array;
}

/** Attaches for as long as the returned descriptor lives; -errno when the kernel refuses. */
export function createLink(request: AttachRequest): number {
  const { program, target, type, flags = 0, details } = request;
  return call(BPF_LINK_CREATE, [program, target, type, flags], details);
}

/** A descriptor whose reading runs an iterator, by its link; -errno when the kernel refuses. */
export function createIterator(link: number): number {
  return call(BPF_ITER_CREATE, [link, 0]);
}

/** Attaches until somebody detaches, or the target goes away; returns 0 or -errno. */
export function attachProgram({ program, target, type, flags = 0 }: AttachRequest): number {
  return call(BPF_PROG_ATTACH, [target, program, type, flags]);
}

/** Undoes {@linkcode attachProgram}; returns 0 or -errno. */
export function detachProgram({ program, target, type }: AttachRequest): number {
  return call(BPF_PROG_DETACH, [target, program, type]);
}

function call(command: bigint, words: readonly number[], details?: Uint8Array): number {
  const attr = alloc(ATTR_SIZE);
  new Uint32Array(attr.buffer).set(words);
  if (details) attr.set(details, 4 * words.length);
  const address = runtime.addressOf(attr);
  const size = BigInt(attr.length);
  const returned = libc().syscall(SYS_bpf, command, address, size, 0n, 0n, 0n);
  const result = returned < 0n ? -errno() : Number(returned);
  // The kernel has read the attributes by now: this keeps them from being collected before.
  void attr.length;
  return result;
}
