/**
 * bpf(2): commands that create maps and programs, and attach programs to targets given by a number or a
 * descriptor.
 *
 * Called directly: libbpf 1.0 knows fewer hooks than the kernels it runs on.
 *
 * @module
 */

import { Errno } from "./errno.ts";
import { errno, libc } from "./libc.ts";
import { alloc, cString } from "./memory.ts";
import { runtime } from "../runtime/runtime.ts";
import { syscallNumberHere } from "./syscall_numbers.ts";

const SYS_bpf = syscallNumberHere("bpf");
const SYS_prlimit64 = syscallNumberHere("prlimit64");
const RLIMIT_MEMLOCK = 8n;
/** Whether the kernel charged a command's memory to RLIMIT_MEMLOCK, as it did before Linux 5.11. */
const isCharged = (command: bigint) => command === BPF_MAP_CREATE || command === BPF_PROG_LOAD;

// enum bpf_cmd (include/uapi/linux/bpf.h).
const BPF_MAP_CREATE = 0n;
const BPF_PROG_LOAD = 5n;
const BPF_PROG_ATTACH = 8n;
const BPF_PROG_DETACH = 9n;
const BPF_RAW_TRACEPOINT_OPEN = 17n;
const BPF_BTF_LOAD = 18n;
const BPF_LINK_CREATE = 28n;
const BPF_ITER_CREATE = 33n;

/** Size of union bpf_attr as used here; the kernel requires unknown trailing bytes to be zero. */
const ATTR_SIZE = 64;

/** Length to which the kernel truncates names: BPF_OBJ_NAME_LEN without the NUL. */
const MAX_NAME = 15;

/** A program, what to attach it to (a descriptor or an interface's index), and as what. */
export interface AttachRequest {
  readonly program: number;
  readonly target: number;
  /** enum bpf_attach_type. */
  readonly type: number;
  readonly flags?: number;
  /** The fields after the flags for links of that type: a member of the union in union bpf_attr. */
  readonly details?: Uint8Array;
}

/** Attaches for as long as the returned descriptor lives; -errno when the kernel refuses. */
export function createLink(request: AttachRequest): number {
  const { program, target, type, flags = 0, details } = request;
  return call(BPF_LINK_CREATE, [program, target, type, flags], details);
}

/**
 * Attaches a program to a raw tracepoint for as long as the returned descriptor lives; -errno when the kernel refuses.
 *
 * @param cookie what bpf_get_attach_cookie() tells the program; any but 0 needs Linux >= 6.10
 */
export function openRawTracepoint(program: number, name: string, cookie: bigint): number {
  const attr = alloc(ATTR_SIZE);
  const text = cString(name);
  const view = new DataView(attr.buffer);
  view.setBigUint64(0, runtime.addressOf(text), true);
  view.setUint32(8, program, true);
  view.setBigUint64(16, cookie, true);
  const fd = submit(BPF_RAW_TRACEPOINT_OPEN, attr);
  // Alive until the kernel has read it.
  void text.length;
  return fd;
}

/** A descriptor whose reading runs an iterator, by its link; -errno when the kernel refuses. */
export function createIterator(link: number): number {
  return call(BPF_ITER_CREATE, [link, 0]);
}

/** Attaches until the program is detached or the target is gone; returns 0 or -errno. */
export function attachProgram({ program, target, type, flags = 0 }: AttachRequest): number {
  return call(BPF_PROG_ATTACH, [target, program, type, flags]);
}

/** Undoes {@linkcode attachProgram}; returns 0 or -errno. */
export function detachProgram({ program, target, type }: AttachRequest): number {
  return call(BPF_PROG_DETACH, [target, program, type]);
}

/** A map to make. */
export interface MapRequest {
  /** enum bpf_map_type. */
  readonly type: number;
  readonly name: string;
  readonly keySize: number;
  readonly valueSize: number;
  readonly maxEntries: number;
  readonly flags?: number;
  /** Of a map of maps: the descriptor of a map like those that it will hold. */
  readonly inner?: number;
  /** Descriptor of the BTF that has the types of keys and values, and their ids. */
  readonly btf?: { readonly fd: number; readonly key: number; readonly value: number };
}

/** Makes a map: its descriptor or -errno. */
export function createMap(request: MapRequest): number {
  const attr = alloc(64);
  const { type, keySize, valueSize, maxEntries, flags = 0, inner = 0, btf } = request;
  new Uint32Array(attr.buffer).set([type, keySize, valueSize, maxEntries, flags, inner]);
  putName(attr, 28, request.name);
  if (btf) new Uint32Array(attr.buffer).set([btf.fd, btf.key, btf.value], 12);
  return submit(BPF_MAP_CREATE, attr);
}

/** Gives the kernel type information: its descriptor or -errno. */
export function loadBtf(bytes: Uint8Array<ArrayBuffer>): number {
  const attr = alloc(32);
  const view = new DataView(attr.buffer);
  view.setBigUint64(0, runtime.addressOf(bytes), true);
  view.setUint32(16, bytes.length, true);
  const fd = submit(BPF_BTF_LOAD, attr);
  void bytes.length;
  return fd;
}

/** A program to load. */
export interface ProgramRequest {
  /** enum bpf_prog_type. */
  readonly type: number;
  readonly name: string;
  readonly instructions: Uint8Array<ArrayBuffer>;
  /** enum bpf_attach_type, where the kernel wants to know it. */
  readonly attachType?: number;
  /** The BTF id of the attach target, if it is given at load time. */
  readonly target?: number;
  /** Types and lines: struct bpf_func_info and struct bpf_line_info. */
  readonly btf?: {
    readonly fd: number;
    readonly functions: Uint8Array<ArrayBuffer>;
    readonly lines: Uint8Array<ArrayBuffer>;
  };
  /** Where the verifier writes what it finds; nothing is written without. */
  readonly log?: { readonly address: bigint; readonly size: number };
}

/** Bytes of struct bpf_func_info and struct bpf_line_info. */
const [FUNCTION_INFO, LINE_INFO] = [8, 16];

/** Loads a program: its descriptor or -errno. */
export function loadProgram(request: ProgramRequest): number {
  const attr = alloc(128);
  const view = new DataView(attr.buffer);
  const license = cString("GPL");
  const word = (offset: number, value: number) => view.setUint32(offset, value, true);
  const address = (offset: number, bytes: Uint8Array<ArrayBuffer>) =>
    view.setBigUint64(offset, runtime.addressOf(bytes), true);
  const { instructions, btf, log } = request;
  word(0, request.type);
  word(4, instructions.length / 8);
  address(8, instructions);
  address(16, license);
  if (log) {
    word(24, 1);
    word(28, log.size);
    view.setBigUint64(32, log.address, true);
  }
  putName(attr, 48, request.name);
  word(68, request.attachType ?? 0);
  if (btf) {
    word(72, btf.fd);
    word(76, FUNCTION_INFO);
    address(80, btf.functions);
    word(88, btf.functions.length / FUNCTION_INFO);
    word(92, LINE_INFO);
    address(96, btf.lines);
    word(104, btf.lines.length / LINE_INFO);
  }
  word(108, request.target ?? 0);
  const fd = submit(BPF_PROG_LOAD, attr);
  // Alive until the kernel has read them.
  void [license.length, instructions.length, btf?.functions.length, btf?.lines.length];
  return fd;
}

/** Writes a name, with an underscore for each character that the kernel does not accept. */
function putName(attr: Uint8Array, offset: number, name: string): void {
  attr.set(new TextEncoder().encode(name.replace(/[^\w.]/g, "_").slice(0, MAX_NAME)), offset);
}

function call(command: bigint, words: readonly number[], details?: Uint8Array): number {
  const attr = alloc(ATTR_SIZE);
  new Uint32Array(attr.buffer).set(words);
  if (details) attr.set(details, 4 * words.length);
  return submit(command, attr);
}

/** The system call on a `union bpf_attr`, which the kernel may write to; -errno for a failure. */
export function submit(command: bigint, attr: Uint8Array<ArrayBuffer>): number {
  const address = runtime.addressOf(attr);
  const size = BigInt(attr.length);
  const attempt = () => {
    const returned = libc().syscall(SYS_bpf, command, address, size, 0n, 0n, 0n);
    return returned < 0n ? -errno() : Number(returned);
  };
  let result = attempt();
  if (result === -Errno.EPERM && isCharged(command)) result = withoutMemoryLimit(attempt) ?? result;
  // The kernel has read the attributes by now: this keeps them from being collected before.
  void attr.length;
  return result;
}

/**
 * Tries again with no limit on locked memory, as libbpf does on kernels that charge maps and
 * programs to it. The limit stays lifted only where that helped. Undefined where this process may
 * not change it.
 */
function withoutMemoryLimit(attempt: () => number): number | undefined {
  // struct rlimit64: the limit in force and the highest, of which all bits mean none.
  const [before, none] = [alloc(16), alloc(16).fill(0xff)];
  const change = (to: Uint8Array<ArrayBuffer>, from?: Uint8Array<ArrayBuffer>) => {
    const [now, old] = [runtime.addressOf(to), from ? runtime.addressOf(from) : 0n];
    const failed = libc().syscall(SYS_prlimit64, 0n, RLIMIT_MEMLOCK, now, old, 0n, 0n) < 0n;
    // Alive until the kernel has read and written them.
    void [to.length, from?.length];
    return !failed;
  };
  if (!change(none, before)) return undefined;
  const result = attempt();
  if (result < 0) change(before);
  return result;
}
