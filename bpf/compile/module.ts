/**
 * A module as libbcc makes it: programs and tables compiled from one text.
 *
 * @module
 */

import type { CType } from "../../ffi/codec/codec.ts";
import { sizeOf } from "../../ffi/codec/check_layout.ts";
import { Errno } from "../../ffi/libc/errno.ts";
import { libbcc } from "../../ffi/libbcc.ts";
import {
  close,
  exists,
  map,
  MAP_ANONYMOUS,
  MAP_PRIVATE,
  type Mapping,
  PROT_READ,
  PROT_WRITE,
} from "../../ffi/libc/libc.ts";
import { bufferText, cString, textAt } from "../../ffi/libc/memory.ts";
import { runtime } from "../../ffi/runtime/runtime.ts";
import { captureStderr, printError } from "../../ffi/libc/process_state.ts";
import { AttachType } from "../tables/attach_type.ts";
import { attachReader, attachUsdt } from "../attach/usdt.ts";
import { attachNamed, hookOf, type NamedHook } from "./hook_names.ts";
import { isPlain } from "./declared_types.ts";
import { typeOfDescription, typeOfFields } from "./described_types.ts";
import { moduleBtf, tableType, typeWithFields } from "./module_btf.ts";
import { BpfError, permissionReason, VerifierError } from "../base/errors.ts";
import { Btf, BtfKind } from "../btf/btf.ts";
import { kernelBtf, VMLINUX } from "../btf/kernel_btf.ts";
import type { MapInfo } from "../maps/map_info.ts";
import { isIndexed, MapType } from "../tables/map_type.ts";
import type { LoadedProgram } from "../loaded_program.ts";
import { ProgramType } from "../tables/program_type.ts";
import { isReservedTable, reservedTable } from "./reserved_events.ts";
import { userLines } from "./source_lines.ts";
import { probeName, type UsdtOptions } from "../usdt/usdt.ts";
import type { UsdtReader } from "../usdt/usdt_readarg.ts";

// The kernel's limit for a verifier log (UINT_MAX >> 8); the pages cost nothing until written.
const LOG_SIZE = 0xffffff;
const BY_KERNEL = -1;

/** How much the verifier tells of a program that it accepts. */
const [NOTHING, ALL_STATES] = [0, 2];

/** Keys of arrays: libbcc declares them as int, the kernel counts from 0. */
const INDEX: CType = { kind: "int", bytes: 4, signed: false, name: "u32" };

/** How programs are loaded. */
export interface Loading {
  /** How programs read the arguments of USDT probes, by name. */
  readonly readers: ReadonlyMap<string, UsdtReader>;
  /** What the user wrote. */
  readonly source: string;
  /** The same and the files of the user's own that it includes. */
  readonly texts: readonly string[];
  /** The name of a struct that no other module's BTF has. */
  readonly marker: string;
  /** Whether to print their instructions, and what the verifier found of each. */
  readonly bytecode: boolean;
  readonly registers: boolean;
}

/** A compiled module; closing it unloads its programs and maps. */
export class Module implements Disposable {
  readonly name: string;
  readonly programs: readonly CompiledProgram[];
  readonly maps: readonly MapInfo[];
  /** The types of the text; none when the kernel did not take them. */
  readonly btf: Btf;
  #handle: bigint;

  /** Takes over what `bpf_module_create_c_from_string` returned. */
  constructor(
    name: string,
    handle: bigint,
    loading: Loading,
  ) {
    this.name = name;
    this.#handle = handle;
    const lib = libbcc();
    this.programs = Array.from(
      { length: Number(lib.bpf_num_functions(handle)) },
      (_, id) => new CompiledProgram(handle, id, loading),
    );
    const ids = Array.from({ length: Number(lib.bpf_num_tables(handle)) }, (_, id) => BigInt(id));
    const lastMap = Math.max(0, ...ids.map((id) => lib.bpf_table_fd_id(handle, id)));
    const btf = ids.length > 0 ? moduleBtf(loading.marker, lastMap) : undefined;
    this.btf = btf ?? Btf.empty();
    this.maps = ids.map((id) => mapInfo(handle, id, loading, btf))
      .filter(({ name }) => !isReservedTable(name));
  }

  /** Loads the programs whose hook is known. @throws {VerifierError} */
  loadNamed(): void {
    for (const program of this.programs) if (program.section !== "") program.fd();
  }

  [Symbol.dispose](): void {
    if (this.#handle === 0n) return;
    for (const program of this.programs) program.close();
    libbcc().bpf_module_destroy(this.#handle);
    this.#handle = 0n;
  }
}

function mapInfo(module: bigint, id: bigint, loading: Loading, btf: Btf | undefined): MapInfo {
  const lib = libbcc();
  const name = textAt(lib.bpf_table_name(module, id));
  const type = lib.bpf_table_type_id(module, id);
  const maxEntries = Number(lib.bpf_table_max_entries_id(module, id));
  const keySize = Number(lib.bpf_table_key_size_id(module, id));
  const valueSize = Number(lib.bpf_table_leaf_size_id(module, id));
  const ring = type === MapType.RINGBUF;
  /** By BTF, or else by the description, which may leave out what makes it larger. */
  const typeOf = (part: "key" | "leaf", description: bigint, size: number) => {
    const type = btf && tableType(btf, name, part) || typeOfDescription(textAt(description));
    return type && sizeOf(type) === size ? type : undefined;
  };
  return {
    name,
    type,
    fd: lib.bpf_table_fd_id(module, id),
    keySize,
    valueSize,
    maxEntries,
    keyType: ring
      ? undefined
      : isIndexed(type)
      ? INDEX
      : typeOf("key", lib.bpf_table_key_desc_id(module, id), keySize),
    valueType: ring || type === MapType.PERF_EVENT_ARRAY
      ? eventType(module, name, loading, btf) ?? reservedType(module, name, btf)
      : typeOf("leaf", lib.bpf_table_leaf_desc_id(module, id), valueSize),
  };
}

/** The type of the events that the text submits to a buffer, where libbcc has seen it. */
function eventType(
  module: bigint,
  table: string,
  { source, texts }: Loading,
  btf: Btf | undefined,
): CType | undefined {
  const lib = libbcc();
  const name = cString(table);
  const count = Number(lib.bpf_perf_event_fields(module, name));
  if (count === 0) return undefined;
  const fields = Array.from(
    { length: count },
    (_, i) => textAt(lib.bpf_perf_event_field(module, name, BigInt(i))),
  );
  const known = btf && typeWithFields(btf, fields);
  if (known || !isPlain(texts)) return known;
  return typeOfFields(table, fields, (type) => findType(type, source));
}

/** The type of the events that the text reserves in a ring buffer, where that is clear. */
function reservedType(module: bigint, buffer: string, btf: Btf | undefined): CType | undefined {
  const table = reservedTable(buffer);
  const known = btf && tableType(btf, table, "leaf");
  if (known) return known;
  const lib = libbcc();
  const description = lib.bpf_table_leaf_desc(module, cString(table));
  const type = description === 0n ? undefined : typeOfDescription(textAt(description));
  const size = lib.bpf_table_leaf_size(module, cString(table));
  return type && sizeOf(type) === Number(size) ? type : undefined;
}

/** A type by its name, unless the text defines it itself: then only the compiler knows it. */
function findType(name: string, text: string): CType | undefined {
  const basic = /^(?:__)?([su])(8|16|32|64)$/.exec(name) ?? /^(u?)int(8|16|32|64)_t$/.exec(name);
  if (basic) {
    const bytes = Number(basic[2]) / 8 as 1 | 2 | 4 | 8;
    return { kind: "int", bytes, signed: basic[1] !== "u", name };
  }
  if (!exists(VMLINUX)) return undefined;
  const [, tag, plain] = /^(?:(struct|union|enum) )?(\w+)$/.exec(name) ?? [];
  if (plain === undefined || new RegExp(`\\b${plain}\\s*[{;]`).test(text)) return undefined;
  const btf = kernelBtf();
  const { TYPEDEF, STRUCT, UNION, ENUM, ENUM64 } = BtfKind;
  const id = btf.find(plain, ...tag === undefined ? [TYPEDEF] : [STRUCT, UNION, ENUM, ENUM64]);
  return id === undefined ? undefined : btf.type(id);
}

/** One function of a module, loaded when its type of program is known. */
export class CompiledProgram implements LoadedProgram {
  readonly name: string;
  readonly section: string;
  readonly hook: NamedHook | undefined;
  readonly #module: bigint;
  readonly #id: bigint;
  readonly #reader: UsdtReader | undefined;
  readonly #loading: Loading;
  /** By type of program and, where it was told, the way to be attached. */
  readonly #fds = new Map<string, number>();

  /** Made by {@linkcode Module}. */
  constructor(module: bigint, id: number, loading: Loading) {
    this.#module = module;
    this.#id = BigInt(id);
    this.name = textAt(libbcc().bpf_function_name(module, this.#id));
    this.hook = hookOf(this.name);
    this.#reader = loading.readers.get(this.name);
    this.#loading = loading;
    const probes = this.#reader?.probes.map((probe) => `usdt/${probeName(probe)}`);
    this.section = this.hook?.section ?? probes?.join(", ") ?? "";
  }

  get isLoaded(): boolean {
    return this.#fds.size > 0;
  }

  fd(type: ProgramType | undefined = this.#type, attachType?: AttachType): number {
    if (type === undefined) {
      const [loaded] = this.#fds.values();
      if (loaded !== undefined) return loaded;
      throw new TypeError(
        `Cannot use program "${this.name}": it is not loaded yet, because its name tells no hook: ` +
          "attach it, or load it as one type of program",
      );
    }
    const key = `${type} ${attachType}`;
    let fd = this.#fds.get(key);
    if (fd === undefined) this.#fds.set(key, fd = this.#load(type, attachType));
    return fd;
  }

  /** The type its hook needs. */
  get #type(): ProgramType | undefined {
    return this.hook?.type ?? (this.#reader && "KPROBE");
  }

  attach() {
    if (this.hook) return attachNamed(this, this.hook);
    if (this.#reader) return attachReader(this, this.#reader);
    throw new TypeError(
      `Cannot attach program "${this.name}": its name tells no hook: use another attach method`,
    );
  }

  attachUsdt(options: UsdtOptions) {
    return attachUsdt(this, options, this.#reader);
  }

  close(): void {
    for (const fd of this.#fds.values()) close(fd);
    this.#fds.clear();
  }

  #load(type: ProgramType, attachType: AttachType | undefined): number {
    const lib = libbcc();
    const start = lib.bpf_function_start_id(this.#module, this.#id);
    const size = Number(lib.bpf_function_size_id(this.#module, this.#id));
    using log = map("a log buffer", LOG_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS);
    using capture = captureStderr();
    const fd = lib.bcc_func_load(
      this.#module,
      ProgramType[type],
      cString(this.name),
      start,
      size,
      cString(textAt(lib.bpf_module_license(this.#module))),
      lib.bpf_module_kern_version(this.#module),
      this.#loading.registers ? ALL_STATES : NOTHING,
      log.address,
      LOG_SIZE,
      null,
      attachType === undefined ? BY_KERNEL : AttachType[attachType],
    );
    const output = capture.finish();
    if (fd < 0) throw this.#failure(-fd, log, output);
    if (this.#loading.bytecode) {
      printError(instructionLines(this.name, new Uint8Array(runtime.view(start, size))));
    }
    if (this.#loading.registers) printError(bufferText(new Uint8Array(log.buffer)));
    return fd;
  }

  #failure(errno: number, log: Mapping, output: string): Error {
    const text = bufferText(new Uint8Array(log.buffer));
    if (text !== "") {
      return new VerifierError(this.name, errno, text, userLines(this.#loading.source, text));
    }
    const said = output.split("\n").find((line) => line.startsWith("bpf: "))?.slice(5);
    const refused = errno === Errno.EPERM || errno === Errno.EACCES;
    // libbcc repeats the errno's text, unless it knows better.
    const isRepeated = said === undefined || said.startsWith("Failed to load program: ");
    const reason = refused && isRepeated ? permissionReason() : said;
    return new BpfError("load", `load program "${this.name}"`, errno, reason);
  }
}

/** Eight bytes a line, as bpftool's opcodes are; an instruction takes one line or two. */
function instructionLines(name: string, bytes: Uint8Array): string {
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0"));
  const lines = Array.from(
    { length: bytes.length / 8 },
    (_, i) => `${String(i).padStart(4)}: ${hex.slice(8 * i, 8 * i + 8).join(" ")}\n`,
  );
  return `${name}:\n${lines.join("")}`;
}
