/**
 * A compiled object that libbpf has opened but not loaded: its programs and maps as handles.
 *
 * @module
 */

import type { CType } from "../../ffi/codec/codec.ts";
import { pointer, struct, u32, u64, u8 } from "../../ffi/codec/mod.ts";
import { collectWarnings, libbpf, takeWarnings } from "../../ffi/libbpf.ts";
import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { close, memfd } from "../../ffi/libc/files.ts";
import { errno } from "../../ffi/libc/libc.ts";
import { alloc, copyOf, cString, textAt } from "../../ffi/libc/memory.ts";
import { runtime } from "../../ffi/runtime/runtime.ts";
import { BpfError, hasCapability, UnsupportedError } from "../base/errors.ts";
import { Btf } from "../btf/btf.ts";
import { withKernelBtf } from "../btf/kernel_btf.ts";
import { AttachType } from "../tables/attach_type.ts";
import { ProgramType } from "../tables/program_type.ts";
import { checkObject, sectionBytes } from "./check_object.ts";
import { coreNames } from "./core_relocations.ts";
import { LOG_SIZE, newLog, type VerifierLog } from "./verifier_log.ts";
import { minimizedBtf } from "./minimized_btf.ts";

/** A program of an object that is not loaded. */
export interface ProgramHandle {
  readonly name: string;
  readonly section: string;
  /** Its `struct bpf_program *`. */
  readonly handle: bigint;
  /** The verifier's log for this program alone, if requested. */
  log?: VerifierLog;
}

/** A map of an object that is not loaded yet. */
export interface MapHandle {
  readonly name: string;
  /** Its `struct bpf_map *`. */
  readonly handle: bigint;
  /** The types in the object's BTF. */
  readonly keyType: CType | undefined;
  readonly valueType: CType | undefined;
  /** Whether another map replaces it. */
  isReused?: boolean;
  /** Whether its key or value size differs from the declared types. */
  isResized?: boolean;
}

/** An opened object; closing it frees it and unloads everything it brought into the kernel. */
export interface ObjectFile extends Disposable {
  readonly name: string;
  /** Its `struct bpf_object *`. */
  readonly handle: bigint;
  readonly btf: Btf;
  readonly programs: readonly ProgramHandle[];
  readonly maps: readonly MapHandle[];
  /** The verifier's log for programs that it refuses. */
  readonly log: VerifierLog;
  /** Keeps a resource until the object is loaded or closed. */
  keep(holder: Disposable): void;
  /** Releases what only loading needed, and passes ownership of the rest to the caller. */
  finish(): Disposable;
}

/** struct bpf_object_open_opts of libbpf 1.0 (bpf/libbpf.h). */
const OpenOptions = struct("bpf_object_open_opts", {
  sz: u64,
  object_name: pointer,
  relaxed_maps: u8,
  pin_root_path: pointer,
  removed: u32,
  kconfig: pointer,
  btf_custom_path: pointer,
  kernel_log_buf: pointer,
  kernel_log_size: u64,
  kernel_log_level: u32,
});

/**
 * Opens an object.
 *
 * @param leftOut programs that will never be loaded: kernel types that only they need are not looked for
 * @throws {BpfError} or a subclass; then nothing is left behind
 */
export function openObjectFile(
  bytes: Uint8Array,
  name: string,
  leftOut?: ReadonlySet<string>,
): ObjectFile {
  checkObject(bytes, name);
  using undo = new DisposableStack();
  using forLoading = new DisposableStack();
  const log = forLoading.use(newLog());
  collectWarnings();

  const objectName = cString(name);
  const types = forLoading.use(kernelTypes(bytes, leftOut));
  const opts = alloc(OpenOptions.size);
  OpenOptions.write(new DataView(opts.buffer), 0, {
    sz: BigInt(OpenOptions.size),
    object_name: runtime.addressOf(objectName),
    relaxed_maps: 0,
    pin_root_path: 0n,
    removed: 0,
    kconfig: 0n,
    btf_custom_path: types ? runtime.addressOf(types.path) : 0n,
    kernel_log_buf: log.address,
    kernel_log_size: BigInt(LOG_SIZE),
    kernel_log_level: 0,
  });
  const content = copyOf(bytes);
  const handle = libbpf().bpf_object__open_mem(content, BigInt(content.length), opts);
  void objectName.length; // alive until libbpf has copied it
  if (handle === 0n) {
    throw new BpfError("open", `open object "${name}"`, errno(), warning() ?? "it is corrupt");
  }
  undo.defer(() => libbpf().bpf_object__close(handle));

  const btf = readBtf(handle, name);
  const programs = [...walk(handle, libbpf().bpf_object__next_program)].map(programHandle);
  const maps = [...walk(handle, libbpf().bpf_object__next_map)].map((map) => mapHandle(map, btf));
  const [needed, owned] = [forLoading.move(), undo.move()];
  return {
    name,
    handle,
    btf,
    programs,
    maps,
    log,
    keep: (holder) => needed.use(holder),
    finish: () => {
      needed.dispose();
      return owned;
    },
    [Symbol.dispose]: () => {
      needed.dispose();
      owned.dispose();
    },
  };
}

function programHandle(handle: bigint): ProgramHandle {
  const section = textAt(libbpf().bpf_program__section_name(handle));
  setTypeOfLaterSection(handle, section);
  return { name: textAt(libbpf().bpf_program__name(handle)), section, handle };
}

// libbpf drops the types of some kinds of maps when it creates them, so read them now.
function mapHandle(handle: bigint, btf: Btf): MapHandle {
  const lib = libbpf();
  return {
    name: textAt(lib.bpf_map__name(handle)),
    handle,
    keyType: btf.type(lib.bpf_map__btf_key_type_id(handle)),
    valueType: btf.type(lib.bpf_map__btf_value_type_id(handle)),
  };
}

/**
 * A file with the kernel's types that the object asks for; undefined when libbpf has to search all
 * of them, to find those of modules or to report what is missing.
 */
function kernelTypes(
  bytes: Uint8Array,
  leftOut: ReadonlySet<string> | undefined,
): Disposable & { path: Uint8Array<ArrayBuffer> } | undefined {
  const [types, relocations] = [sectionBytes(bytes, ".BTF"), sectionBytes(bytes, ".BTF.ext")];
  const names = types && relocations && coreNames(new Btf(types), relocations, leftOut);
  if (!names) return undefined;
  let excerpt: Uint8Array | undefined;
  try {
    // Listing BTF objects (BPF_BTF_GET_NEXT_ID) takes CAP_SYS_ADMIN, without which libbpf fails.
    // Given this file it does not search modules, and types missing in the kernel count as absent.
    const canSearch = hasCapability("SYS_ADMIN") !== false;
    excerpt = withKernelBtf((kernel) => minimizedBtf(kernel, names, canSearch));
  } catch (error) {
    if (error instanceof ErrnoError) return undefined;
    throw error;
  }
  if (!excerpt) return undefined;
  const fd = memfd("kernel types", excerpt);
  return { path: cString(`/proc/self/fd/${fd}`), [Symbol.dispose]: () => close(fd) };
}

function readBtf(object: bigint, name: string): Btf {
  const btf = libbpf().bpf_object__btf(object);
  if (btf === 0n) {
    throw new UnsupportedError(
      `load object "${name}"`,
      "BTF in the object",
      "it carries no BTF: compile it with clang -g",
    );
  }
  const size = new Uint32Array(new ArrayBuffer(4));
  const data = libbpf().btf__raw_data(btf, new Uint8Array(size.buffer));
  // A copy: libbpf frees its own with the object, and types are needed longer.
  return new Btf(new Uint8Array(runtime.view(data, size[0]!)).slice());
}

function* walk(object: bigint, next: (object: bigint, previous: bigint) => bigint) {
  for (let item = next(object, 0n); item !== 0n; item = next(object, item)) yield item;
}

/** Sections that libbpf 1.0 does not know. */
const LATER_SECTIONS: Readonly<Record<string, readonly [ProgramType, AttachType]>> = {
  "uprobe.multi": ["KPROBE", "TRACE_UPROBE_MULTI"],
  "netfilter": ["NETFILTER", "NETFILTER"],
  "tcx/ingress": ["SCHED_CLS", "TCX_INGRESS"],
  "tcx/egress": ["SCHED_CLS", "TCX_EGRESS"],
};

function setTypeOfLaterSection(program: bigint, section: string): void {
  const later = LATER_SECTIONS[section];
  if (!later) return;
  libbpf().bpf_program__set_type(program, ProgramType[later[0]]);
  libbpf().bpf_program__set_expected_attach_type(program, AttachType[later[1]]);
}

/** libbpf's last warning, without its prefix. */
function warning(): string | undefined {
  return takeWarnings().at(-1)?.replace(/^libbpf: /, "");
}
