/**
 * Loading a compiled object through libbpf: open, configure, load, all or nothing.
 *
 * @module
 */

import type { Codec } from "../../ffi/codec/codec.ts";
import { pointer, struct, u32, u64, u8 } from "../../ffi/codec/mod.ts";
import { collectWarnings, libbpf, takeWarnings } from "../../ffi/libbpf.ts";
import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { close, memfd } from "../../ffi/libc/files.ts";
import { errno } from "../../ffi/libc/libc.ts";
import { map, MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE } from "../../ffi/libc/mmap.ts";
import { alloc, bufferText, copyOf, cString, textAt } from "../../ffi/libc/memory.ts";
import { runtime } from "../../ffi/runtime/runtime.ts";
import { AttachType } from "../tables/attach_type.ts";
import { Btf, type Variable } from "../btf/btf.ts";
import { coreNames } from "./core_relocations.ts";
import { checkObject, sectionBytes } from "./check_object.ts";
import { BpfError, hasCapability, UnsupportedError } from "../base/errors.ts";
import { codecFor } from "../../ffi/codec/check_layout.ts";
import { withKernelBtf } from "../btf/kernel_btf.ts";
import { kernelExcerpt } from "./minimized_btf.ts";
import { loadFailure } from "./load_error.ts";
import { ProgramType } from "../tables/program_type.ts";
import {
  configureMap,
  type MapInfo,
  type MapOptions,
  type OpenMap,
  sizesOf,
} from "../maps/map_info.ts";

/** What {@linkcode Bpf.load} takes besides the object. */
export interface LoadOptions {
  /** The object's name in errors and in the kernel's map names. Default "object". */
  readonly name?: string;
  /** Initial values of global variables, `const volatile` ones among them. */
  readonly globals?: Readonly<Record<string, unknown>>;
  /** Programs to leave out: `{ enter_open: false }`. */
  readonly programs?: Readonly<Record<string, boolean>>;
  /** Maps to change before they are made. */
  readonly maps?: Readonly<Record<string, MapOptions>>;
}

/** A global variable and the map that holds its section. */
export interface GlobalInfo extends Variable {
  readonly section: MapInfo;
  /** The one it was defined with, where it was defined in TypeScript. */
  readonly codec?: Codec<unknown>;
}

/** What loading gives; closing it unloads everything that is not attached or pinned elsewhere. */
export interface LoadedObject extends Disposable {
  readonly name: string;
  readonly btf: Btf;
  /** Whether it was compiled at run time. */
  readonly isCompiled?: boolean;
  /** `struct bpf_program *` of each program that was loaded. */
  readonly programs: readonly bigint[];
  readonly maps: readonly MapInfo[];
  readonly globals: readonly GlobalInfo[];
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

// The kernel's limit for a verifier log (UINT_MAX >> 8); the pages cost nothing until written.
const LOG_SIZE = 0xffffff;

/** Loads an object. @throws {BpfError} and its kin; nothing stays behind then. */
export function loadObject(bytes: Uint8Array, options: LoadOptions): LoadedObject {
  const name = options.name ?? "object";
  checkObject(bytes, name);
  using undo = new DisposableStack();
  using log = map("a log buffer", LOG_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
  collectWarnings();

  const objectName = cString(name);
  using types = kernelTypes(bytes);
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
  const object = libbpf().bpf_object__open_mem(content, BigInt(content.length), opts);
  if (object === 0n) {
    throw new BpfError("open", `open object "${name}"`, errno(), warning() ?? "it is corrupt");
  }
  undo.defer(() => libbpf().bpf_object__close(object));

  const btf = readBtf(object, name);
  const programs = choosePrograms(object, name, options.programs ?? {});
  programs.forEach(setTypeOfLaterSection);
  const maps = [...walk(object, libbpf().bpf_object__next_map)].map((handle) =>
    configureMap(handle, btf, name, options.maps ?? {})
  );
  refuseUnknown(Object.keys(options.maps ?? {}), maps.map((map) => map.name), "map", name);
  setGlobals(maps, btf, name, options.globals ?? {});

  const result = libbpf().bpf_object__load(object);
  if (result < 0) throw loadFailure(name, -result, bufferText(new Uint8Array(log.buffer)));

  const infos = maps.map(({ handle, ...info }) => ({ ...info, ...sizesOf(handle) }));
  const release = undo.move();
  return {
    name,
    btf,
    programs,
    maps: infos,
    globals: infos.flatMap((section) =>
      btf.variables(sectionOf(section.name) ?? "").map((variable) => ({ ...variable, section }))
    ),
    [Symbol.dispose]: () => release.dispose(),
  };
}

/**
 * A file with the kernel's types that the object asks for; undefined when libbpf had better look
 * through all of them: then it finds what modules have, or says what is missing.
 */
function kernelTypes(
  bytes: Uint8Array,
): Disposable & { path: Uint8Array<ArrayBuffer> } | undefined {
  const [types, relocations] = [sectionBytes(bytes, ".BTF"), sectionBytes(bytes, ".BTF.ext")];
  const names = types && relocations && coreNames(new Btf(types), relocations);
  if (!names) return undefined;
  let excerpt: Uint8Array | undefined;
  try {
    // To look for the types of modules (BPF_BTF_GET_NEXT_ID) takes CAP_SYS_ADMIN, and libbpf gives
    // up without. Of what the kernel itself does not have, programs are then told that there is none.
    const canSearch = hasCapability("SYS_ADMIN") !== false;
    excerpt = withKernelBtf((kernel) => kernelExcerpt(kernel, names, canSearch));
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
  // A copy: libbpf frees its own with the object, and types are asked for after that.
  return new Btf(new Uint8Array(runtime.view(data, size[0]!)).slice());
}

function* walk(object: bigint, next: (object: bigint, previous: bigint) => bigint) {
  for (let item = next(object, 0n); item !== 0n; item = next(object, item)) yield item;
}

function choosePrograms(
  object: bigint,
  name: string,
  wanted: Readonly<Record<string, boolean>>,
): bigint[] {
  const handles = [...walk(object, libbpf().bpf_object__next_program)];
  const names = handles.map((handle) => textAt(libbpf().bpf_program__name(handle)));
  refuseUnknown(Object.keys(wanted), names, "program", name);
  return handles.filter((handle, i) => {
    const on = wanted[names[i]!] ?? true;
    libbpf().bpf_program__set_autoload(handle, on ? 1 : 0);
    return on;
  });
}

/** Sections that libbpf 1.0 does not know yet. */
const LATER_SECTIONS: Readonly<Record<string, readonly [ProgramType, AttachType]>> = {
  "uprobe.multi": ["KPROBE", "TRACE_UPROBE_MULTI"],
  "netfilter": ["NETFILTER", "NETFILTER"],
  "tcx/ingress": ["SCHED_CLS", "TCX_INGRESS"],
  "tcx/egress": ["SCHED_CLS", "TCX_EGRESS"],
};

function setTypeOfLaterSection(program: bigint): void {
  const later = LATER_SECTIONS[textAt(libbpf().bpf_program__section_name(program))];
  if (!later) return;
  libbpf().bpf_program__set_type(program, ProgramType[later[0]]);
  libbpf().bpf_program__set_expected_attach_type(program, AttachType[later[1]]);
}

function refuseUnknown(asked: string[], known: string[], what: string, object: string): void {
  const unknown = asked.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new TypeError(
    `Cannot find ${what} "${unknown}" in object "${object}": it has ${known.join(", ")}`,
  );
}

/** `.rodata` of "opensnoo.rodata": how libbpf names the maps behind data sections. */
function sectionOf(mapName: string): string | undefined {
  return /\.(?:rodata|data|bss|kconfig).*$/.exec(mapName)?.[0];
}

function setGlobals(
  maps: OpenMap[],
  btf: Btf,
  object: string,
  values: Readonly<Record<string, unknown>>,
): void {
  const known = new Map<string, [Variable, OpenMap]>();
  for (const map of maps) {
    for (const variable of btf.variables(sectionOf(map.name) ?? "")) {
      known.set(variable.name, [variable, map]);
    }
  }
  refuseUnknown(Object.keys(values), [...known.keys()], "global variable", object);
  for (const [name, value] of Object.entries(values)) {
    const [variable, section] = known.get(name)!;
    const type = btf.type(variable.type);
    const size = new BigUint64Array(new ArrayBuffer(8));
    const address = libbpf().bpf_map__initial_value(section.handle, new Uint8Array(size.buffer));
    if (address === 0n || !type) {
      throw new TypeError(`Cannot set global variable "${name}": its section has no initial value`);
    }
    const view = new DataView(runtime.view(address, Number(size[0])));
    try {
      codecFor(type).write(view, variable.offset, value);
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : String(cause);
      throw new RangeError(`Cannot set global variable "${name}": ${detail}`, { cause });
    }
  }
}

/** libbpf's last warning, without its prefix. */
function warning(): string | undefined {
  return takeWarnings().at(-1)?.replace(/^libbpf: /, "");
}
