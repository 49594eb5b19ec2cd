/**
 * Feature probes: find out what this kernel supports by trying it.
 *
 * There are three answers: yes, no, and unknown. An unprivileged process mostly gets unknown;
 * kernel versions are never consulted, since distributions backport features.
 *
 * @module
 */

import { Errno, errnoName } from "../ffi/libc/errno.ts";
import { libbcc } from "../ffi/libbcc.ts";
import { libbpf } from "../ffi/libbpf.ts";
import { close, exists } from "../ffi/libc/files.ts";
import { alloc, bufferText, copyOf, cString } from "../ffi/libc/memory.ts";
import { runtime } from "../ffi/runtime/runtime.ts";
import { i32, pointer, struct, u32, u64 } from "../ffi/codec/mod.ts";
import { isPrivileged, LibraryError, permissionReason } from "./base/errors.ts";
import { KernelSymbols } from "./symbols/kernel_symbols.ts";
import { type Btf, BtfKind } from "./btf/btf.ts";
import { kernelBtf } from "./btf/kernel_btf.ts";
import { MapType } from "./tables/map_type.ts";
import { ProgramType } from "./tables/program_type.ts";
import { tracefs, whyNoTracefs } from "./tracefs/tracefs.ts";

export type { MapType } from "./tables/map_type.ts";
export type { ProgramType } from "./tables/program_type.ts";

/** An answer with its reason. */
export interface Answer {
  /** `yes` and `no` are conclusive; `unknown` when it could not be determined. */
  readonly answer: "yes" | "no" | "unknown";
  /** Why, when it is not yes. */
  readonly reason?: string;
}

const YES: Answer = { answer: "yes" };
const no = (reason: string): Answer => ({ answer: "no", reason });
const unknown = (reason: string): Answer => ({ answer: "unknown", reason });

const known = new Map<string, Answer>();

/** Caches conclusive answers only: an unknown may become known with more privileges. */
function cached(key: string, ask: () => Answer): Answer {
  const before = known.get(key);
  if (before) return before;
  const answer = ask();
  if (answer.answer !== "unknown") known.set(key, answer);
  return answer;
}

/** The version of libbpf in use: `1.1`. @throws {LibraryError} when there is none */
export function libbpfVersion(): string {
  return `${libbpf().libbpf_major_version()}.${libbpf().libbpf_minor_version()}`;
}

/** Converts the result of a libbpf probe. */
function probed(what: string, result: number): Answer {
  if (result > 0) return YES;
  if (isPrivileged() !== true) return unknown(`cannot try: ${permissionReason()}`);
  return result === 0 ? no(`this kernel has no ${what}`) : unknown(errnoName(-result));
}

/** Whether the kernel describes its own types: needed by every CO-RE program. */
export function hasKernelBtf(): Answer {
  return exists("/sys/kernel/btf/vmlinux") ? YES : no("/sys/kernel/btf/vmlinux does not exist");
}

/** Whether a map type can be made: `hasMapType("RINGBUF")`. */
export function hasMapType(type: MapType): Answer {
  return cached(`map ${type}`, () => {
    const result = libbpf().libbpf_probe_bpf_map_type(MapType[type], null);
    return probed(`${type} maps`, result);
  });
}

/** Whether a program type can be loaded: `hasProgramType("TRACEPOINT")`. */
export function hasProgramType(type: keyof typeof ProgramType): Answer {
  return cached(`program ${type}`, () => {
    const result = libbpf().libbpf_probe_bpf_prog_type(ProgramType[type], null);
    return probed(`${type} programs`, result);
  });
}

/** Whether programs of a type may call a helper, by its number in enum bpf_func_id. */
export function hasHelper(type: keyof typeof ProgramType, helper: number): Answer {
  return cached(`helper ${type} ${helper}`, () => {
    if (isPrivileged() !== true) return unknown(`cannot try: ${permissionReason()}`);
    // libbpf's own probe mistakes the messages of kernels since 6.11 for a yes. Here a call without
    // arguments is loaded: it is always refused, but only for an unknown helper with this reason.
    const { fd, log } = tryLoad(ProgramType[type], [CALL(helper), EXIT]);
    if (fd >= 0) close(fd);
    const refused = /(unknown|invalid) func |cannot use helper/.test(log);
    return refused ? no(`this kernel has no helper ${helper} for ${type} programs`) : YES;
  });
}

/** Whether a tracepoint exists; unknown without tracefs. */
export function hasTracepoint(category: string, name: string): Answer {
  const root = tracefs();
  if (root === undefined) return unknown(whyNoTracefs());
  if (exists(`${root}/events/${category}/${name}`)) return YES;
  return no(`this kernel has no tracepoint ${category}/${name}`);
}

/** Whether kernel functions can be probed through perf's kprobe PMU (Linux >= 4.17). */
export function hasKprobe(): Answer {
  if (exists("/sys/bus/event_source/devices/kprobe/type")) return YES;
  return no("this kernel was built without CONFIG_KPROBE_EVENTS");
}

/**
 * Whether a kernel struct has a field, directly or in an anonymous member, so that programs can
 * adapt to kernel versions: `structHasField("task_struct", "__state")`.
 */
export function structHasField(name: string, field: string): Answer {
  return cached(`field ${name} ${field}`, () => {
    if (hasKernelBtf().answer !== "yes") return unknown("this kernel has no BTF");
    const btf = kernelBtf();
    const id = btf.find(name, BtfKind.STRUCT, BtfKind.UNION);
    if (id === undefined) return no(`this kernel has no struct ${name}`);
    return hasMember(btf, id, field) ? YES : no(`struct ${name} has no field ${field}`);
  });
}

function hasMember(btf: Btf, id: number, field: string): boolean {
  return btf.members(id).some(({ name, type }) =>
    name === field || name === "" && hasMember(btf, btf.resolve(type), field)
  );
}

/** Whether a kernel enum has a value of that name: `enumHasValue("bpf_prog_type", "BPF_PROG_TYPE_LSM")`. */
export function enumHasValue(name: string, value: string): Answer {
  return cached(`value ${name} ${value}`, () => {
    if (hasKernelBtf().answer !== "yes") return unknown("this kernel has no BTF");
    const btf = kernelBtf();
    const id = btf.find(name, BtfKind.ENUM, BtfKind.ENUM64);
    const type = id === undefined ? undefined : btf.type(id);
    if (type?.kind !== "enum") return no(`this kernel has no enum ${name}`);
    return Object.hasOwn(type.values, value) ? YES : no(`enum ${name} has no value ${value}`);
  });
}

/** struct bpf_prog_load_opts of libbpf 1.0 (bpf/bpf.h). */
const ProgramLoadOptions = struct("bpf_prog_load_opts", {
  sz: u64,
  attempts: i32,
  expected_attach_type: u32,
  prog_btf_fd: u32,
  prog_flags: u32,
  prog_ifindex: u32,
  kern_version: u32,
  attach_btf_id: u32,
  attach_prog_fd: u32,
  attach_btf_obj_fd: u32,
  fd_array: pointer,
  func_info: pointer,
  func_info_cnt: u32,
  func_info_rec_size: u32,
  line_info: pointer,
  line_info_cnt: u32,
  line_info_rec_size: u32,
  log_level: u32,
  log_size: u32,
  log_buf: pointer,
});

const NO_OPTIONS = ProgramLoadOptions.read(
  new DataView(new ArrayBuffer(ProgramLoadOptions.size)),
  0,
);

// BPF_TRACE_FENTRY of enum bpf_attach_type (include/uapi/linux/bpf.h).
const BPF_TRACE_FENTRY = 24;
// A function that every kernel with BPF has, called when a program is freed.
const FENTRY_TARGET = "bpf_prog_put";
// Instructions, eight bytes each (include/uapi/linux/bpf.h, struct bpf_insn).
const EXIT = [0x95, 0, 0, 0, 0, 0, 0, 0];
const RETURN_ZERO = [0xb7, 0, 0, 0, 0, 0, 0, 0];
const CALL = (helper: number) => [0x85, 0, 0, 0, helper & 0xff, helper >> 8, 0, 0];
const LOG_SIZE = 65536;

/** Whether programs can be attached to kernel functions by fentry and fexit (Linux >= 5.5). */
export function hasFentry(): Answer {
  return cached("fentry", () => {
    if (isPrivileged() !== true) return unknown(`cannot try: ${permissionReason()}`);
    const lib = libbpf();
    const id = lib.libbpf_find_vmlinux_btf_id(cString(FENTRY_TARGET), BPF_TRACE_FENTRY);
    if (id < 0) {
      return hasKernelBtf().answer === "no"
        ? no("this kernel has no BTF")
        : unknown(errnoName(-id));
    }
    const { fd: program } = tryLoad(ProgramType.TRACING, [RETURN_ZERO, EXIT], {
      expected_attach_type: BPF_TRACE_FENTRY,
      attach_btf_id: id,
    });
    if (program < 0) return no(`this kernel refuses fentry programs (${errnoName(-program)})`);
    const link = lib.bpf_raw_tracepoint_open(null, program);
    if (link >= 0) close(link);
    close(program);
    if (link >= 0) return YES;
    // ENOTSUPP and EOPNOTSUPP: no ftrace or no trampolines on this architecture.
    return no(`this kernel cannot attach fentry programs (${errnoName(-link)})`);
  });
}

// BPF_TRACE_ITER of enum bpf_attach_type (include/uapi/linux/bpf.h).
const BPF_TRACE_ITER = 28;

/**
 * Whether iterators over objects of a kind can be loaded: `hasIterator("bpf_map_elem")`.
 *
 * Kernels have had them since Linux 5.8, one kind after the other; some kernels refuse iterators
 * over what maps hold and load the others.
 */
export function hasIterator(target: string): Answer {
  return cached(`iterator ${target}`, () => {
    if (isPrivileged() !== true) return unknown(`cannot try: ${permissionReason()}`);
    const id = libbpf().libbpf_find_vmlinux_btf_id(cString(target), BPF_TRACE_ITER);
    if (id < 0) {
      return hasKernelBtf().answer === "no" || -id === Errno.ENOENT
        ? no(`this kernel has no iterator ${target}`)
        : unknown(errnoName(-id));
    }
    const { fd } = tryLoad(ProgramType.TRACING, [RETURN_ZERO, EXIT], {
      expected_attach_type: BPF_TRACE_ITER,
      attach_btf_id: id,
    });
    if (fd < 0) return no(`this kernel refuses iterators ${target} (${errnoName(-fd)})`);
    close(fd);
    return YES;
  });
}

/**
 * Loads a few instructions; `fd` is -errno when the kernel refuses, and `log` the verifier's log.
 */
function tryLoad(
  type: number,
  instructions: number[][],
  attach: { expected_attach_type: number; attach_btf_id: number } = {
    expected_attach_type: 0,
    attach_btf_id: 0,
  },
): { fd: number; log: string } {
  const log = alloc(LOG_SIZE);
  const opts = alloc(ProgramLoadOptions.size);
  ProgramLoadOptions.write(new DataView(opts.buffer), 0, {
    ...NO_OPTIONS,
    ...attach,
    sz: BigInt(ProgramLoadOptions.size),
    attempts: 1,
    log_level: 1,
    log_size: LOG_SIZE,
    log_buf: runtime.addressOf(log),
  });
  const code = copyOf(Uint8Array.from(instructions.flat()));
  const fd = libbpf().bpf_prog_load(
    type,
    cString("probe"),
    cString("GPL"),
    code,
    BigInt(instructions.length),
    opts,
  );
  return { fd, log: bufferText(log) };
}

/**
 * Whether the kernel or a loaded module has a function of that name. It may still not be traceable.
 */
export function hasKernelFunction(name: string): Answer {
  return cached(`function ${name}`, () => {
    // BTF is fast to search; /proc/kallsyms covers modules and functions without BTF, too.
    if (libbpf().libbpf_find_vmlinux_btf_id(cString(name), BPF_TRACE_FENTRY) >= 0) return YES;
    return new KernelSymbols().has(name) ? YES : no(`this kernel has no function ${name}`);
  });
}

/** Whether a library can be opened; if not, the reason says what was tried. */
export function hasLibrary(name: "libbpf" | "libbcc"): Answer {
  try {
    void (name === "libbpf" ? libbpf() : libbcc());
    return YES;
  } catch (error) {
    if (error instanceof LibraryError) return no(error.message);
    throw error;
  }
}
