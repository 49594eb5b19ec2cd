/**
 * Loading kernel code: its maps, its types, its programs, all or nothing.
 *
 * @module
 */

import type { Codec } from "../../ffi/codec/codec.ts";
import { u64 } from "../../ffi/codec/mod.ts";
import { createMap, loadBtf } from "../../ffi/libc/bpf_syscall.ts";
import { Errno } from "../../ffi/libc/errno.ts";
import { close, map, MAP_SHARED, PROT_READ, PROT_WRITE } from "../../ffi/libc/libc.ts";
import { BpfError, permissionReason } from "../base/errors.ts";
import { Btf } from "../btf/btf.ts";
import type { LoadedCode } from "../kernel_code.ts";
import { possibleCpus } from "../maps/map.ts";
import type { MapInfo } from "../maps/map_info.ts";
import type { GlobalInfo, LoadOptions } from "../object/load_object.ts";
import { MapType } from "../tables/map_type.ts";
import { BtfBuilder } from "./btf_builder.ts";
import { compileProgram } from "./compile_program.ts";
import type { ProgramDefinition } from "./hooks.ts";
import type { GlobalVariable, Outside } from "./lower/program.ts";
import type { AnyMap } from "./maps.ts";
import { TypeScriptProgram } from "./program.ts";
import { typeOf } from "./types.ts";

/** What `kernel()` is given, without its types. */
export interface PlainDefinition {
  readonly name?: string;
  readonly maps?: Readonly<Record<string, AnyMap>>;
  readonly globals?: Readonly<Record<string, Codec<unknown>>>;
  readonly constants?: Readonly<Record<string, number | bigint | boolean | string>>;
  readonly programs: Readonly<Record<string, ProgramDefinition<never>>>;
}

/** The map that holds the globals, by the name that compilers give its section. */
const SECTION = ".bss";
/** Maps that user space can map into its memory (BPF_F_MMAPABLE). Needs Linux >= 5.5. */
const MMAPABLE = 1 << 10;

/** A global variable with its codec. */
interface Global extends GlobalVariable {
  readonly codec: Codec<unknown>;
}

/** Where a definition's names lead, and the size of all globals. */
export interface Plan {
  readonly outside: Outside;
  readonly globals: ReadonlyMap<string, Global>;
  readonly size: number;
}

/** Lays the globals out: those of the definition, and counters of what maps had no room for. */
export function plan({ maps = {}, globals = {}, constants = {} }: PlainDefinition): Plan {
  const wanted = new Map<string, Codec<unknown>>(Object.entries(globals));
  for (const [name, { role, type }] of Object.entries(maps)) {
    if (type === MapType.RINGBUF) wanted.set(`${name}_lost`, u64);
    if (role === "entries") wanted.set(`${name}_dropped`, u64);
  }
  const placed = new Map<string, Global>();
  let size = 0;
  for (const [name, codec] of wanted) {
    const type = typeOf(codec.type);
    if (!type) throw new TypeError(`Cannot use a fraction as global "${name}": there are none`);
    const offset = Math.ceil(size / 8) * 8;
    placed.set(name, { offset, type, codec });
    size = offset + codec.size;
  }
  refuseClashes(maps, globals, constants);
  const outside = {
    maps: new Map(Object.entries(maps)),
    globals: placed,
    constants: new Map(Object.entries(constants)),
    section: SECTION,
  };
  return { outside, globals: placed, size: Math.max(8, Math.ceil(size / 8) * 8) };
}

function refuseClashes(...groups: Readonly<Record<string, unknown>>[]): void {
  const names = groups.flatMap(Object.keys);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice === undefined) return;
  throw new TypeError(`Cannot call two things "${twice}": maps, globals and constants share names`);
}

/** Compiles and loads. @throws {KernelCodeError} @throws {VerifierError} and its kin */
export function loadCode(definition: PlainDefinition, options: LoadOptions): LoadedCode {
  const name = options.name ?? definition.name ?? "kernel code";
  const { outside, globals, size } = plan(definition);
  const chosen = choose(definition.programs, options.programs ?? {}, name);
  const compiled = chosen.map(([each, program]) => compileProgram(each, program, outside));

  using undo = new DisposableStack();
  const types = new BtfBuilder();
  const section = types.section(
    SECTION,
    size,
    [...globals].map(([name, { offset, codec }]) => ({
      name,
      type: types.type(codec.type),
      offset,
      size: codec.size,
    })),
  );
  const typeIds = new Map(
    Object.values(definition.maps ?? {}).flatMap(({ key, value }) => [key, value])
      .filter((codec) => codec?.type !== undefined)
      .map((codec) => [codec!, types.type(codec!.type)]),
  );
  const lines = compiled.map((program, i) => ({
    function: types.function(program.name),
    lines: lineInfo(types, program, chosen[i]![1].site),
  }));
  const bytes = types.bytes();
  const btf = loadBtf(bytes);
  if (btf < 0) throw failure(`load the types of "${name}"`, -btf);
  undo.defer(() => close(btf));

  const infos: MapInfo[] = [];
  const make = (info: MapInfo) => {
    undo.defer(() => close(info.fd));
    infos.push(info);
  };
  const sizes = new Map(Object.entries(options.maps ?? {}));
  refuseUnknown([...sizes.keys()], Object.keys(definition.maps ?? {}), "map", name);
  for (const [each, map] of Object.entries(definition.maps ?? {})) {
    make(newMap(each, map, sizes.get(each)?.maxEntries, btf, typeIds));
  }
  make(newSection(size, btf, section));
  setGlobals(infos.at(-1)!, globals, options.globals ?? {}, name);

  const programs = compiled.map((program, i) =>
    new TypeScriptProgram(program, chosen[i]![1].hook, infos, { fd: btf, ...lines[i]! })
  );
  for (const program of programs) {
    undo.defer(() => program.close());
    program.load();
  }
  const release = undo.move();
  const readable = new Btf(bytes);
  const at = (name: string) => globals.get(name)!;
  const known: GlobalInfo[] = readable.variables(SECTION).map((variable) => ({
    ...variable,
    section: infos.at(-1)!,
    codec: at(variable.name).codec,
  }));
  return {
    object: {
      name,
      btf: readable,
      maps: infos,
      globals: known,
      [Symbol.dispose]: () => release.dispose(),
    },
    programs,
  };
}

function choose(
  programs: Readonly<Record<string, ProgramDefinition<never>>>,
  wanted: Readonly<Record<string, boolean>>,
  name: string,
): [string, ProgramDefinition<never>][] {
  refuseUnknown(Object.keys(wanted), Object.keys(programs), "program", name);
  return Object.entries(programs).filter(([each]) => wanted[each] ?? true);
}

function refuseUnknown(asked: string[], known: string[], what: string, object: string): void {
  const unknown = asked.find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new TypeError(
    `Cannot find ${what} "${unknown}" in object "${object}": it has ${known.join(", ") || "none"}`,
  );
}

function newMap(
  name: string,
  { type, key, value, entries }: AnyMap,
  maxEntries: number | undefined,
  btf: number,
  ids: ReadonlyMap<Codec<unknown>, number>,
): MapInfo {
  const isBuffer = type === MapType.RINGBUF || type === MapType.PERF_EVENT_ARRAY;
  const request = {
    name,
    type,
    keySize: isBuffer ? type === MapType.RINGBUF ? 0 : 4 : key!.size,
    valueSize: isBuffer ? type === MapType.RINGBUF ? 0 : 4 : value!.size,
    maxEntries: maxEntries ?? (type === MapType.PERF_EVENT_ARRAY ? possibleCpus() : entries),
  };
  const described = !isBuffer && type !== MapType.STACK_TRACE;
  const fd = createMap({
    ...request,
    ...described ? { btf: { fd: btf, key: ids.get(key!)!, value: ids.get(value!)! } } : {},
  });
  if (fd < 0) throw mapFailure(name, request, -fd);
  return {
    ...request,
    fd,
    keyType: key?.type,
    valueType: value?.type,
    ...value?.type ? { codecs: { key, value } } : {},
  };
}

function newSection(size: number, btf: number, value: number): MapInfo {
  const request = {
    name: SECTION,
    type: MapType.ARRAY,
    keySize: 4,
    valueSize: size,
    maxEntries: 1,
  };
  const fd = createMap({ ...request, flags: MMAPABLE, btf: { fd: btf, key: 0, value } });
  if (fd < 0) throw failure("create the map of global variables", -fd);
  return { ...request, fd, keyType: undefined, valueType: undefined };
}

function setGlobals(
  section: MapInfo,
  globals: ReadonlyMap<string, Global>,
  values: Readonly<Record<string, unknown>>,
  name: string,
): void {
  refuseUnknown(Object.keys(values), [...globals.keys()], "global variable", name);
  if (Object.keys(values).length === 0) return;
  const flags = PROT_READ | PROT_WRITE;
  using memory = map("global variables", section.valueSize, flags, MAP_SHARED, section.fd);
  for (const [each, value] of Object.entries(values)) {
    const { offset, codec } = globals.get(each)!;
    try {
      codec.write(new DataView(memory.buffer), offset, value);
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : String(cause);
      throw new RangeError(`Cannot set global variable "${each}": ${detail}`, { cause });
    }
  }
}

/** struct bpf_line_info of each stretch of instructions. */
function lineInfo(
  types: BtfBuilder,
  { lines, source }: ReturnType<typeof compileProgram>,
  site: string | undefined,
): Uint8Array<ArrayBuffer> {
  const file = types.string(site?.replace(/:\d+$/, "") ?? `${source.name}.ts`);
  const words = lines.flatMap(({ instruction, line }) => [
    instruction,
    file,
    types.string(source.lineText(line)),
    (line + 1) << 10 | 1,
  ]);
  return new Uint8Array(Uint32Array.from(words).buffer);
}

function failure(action: string, errno: number): BpfError {
  const refused = errno === Errno.EPERM || errno === Errno.EACCES;
  return new BpfError("load", action, errno, refused ? permissionReason() : undefined);
}

function mapFailure(
  name: string,
  { type, maxEntries }: { type: number; maxEntries: number },
  errno: number,
): BpfError {
  const action = `create map "${name}"`;
  if (errno === Errno.EINVAL && type === MapType.RINGBUF) {
    const reason =
      `${maxEntries} bytes: a ring buffer's size is a power of two and a multiple of ` +
      "the page size";
    return new BpfError("load", action, errno, reason);
  }
  return failure(action, errno);
}
