/**
 * Loads kernel code: its maps, its BTF, its programs, all or nothing.
 *
 * @module
 */

import type { Codec } from "../../ffi/codec/codec.ts";
import { u64 } from "../../ffi/codec/mod.ts";
import { loadBtf } from "../../ffi/libc/bpf_syscall.ts";
import { close } from "../../ffi/libc/files.ts";
import type { BorrowedFunctions } from "../borrowed_functions.ts";
import { Btf } from "../btf/btf.ts";
import type { LoadedCode } from "../kernel_code.ts";
import type { MapInfo } from "../maps/map_info.ts";
import type { GlobalInfo, LoadOptions } from "../object/load_object.ts";
import { MapType } from "../tables/map_type.ts";
import { BtfBuilder } from "./btf_builder.ts";
import type { CompiledProgram } from "./compile_program.ts";
import type { Hook, ProgramDefinition } from "./language/hooks.ts";
import {
  failure,
  type Global,
  newMap,
  newSection,
  refuseUnknown,
  SECTION,
  setGlobals,
} from "./load_maps.ts";
import type { Outside } from "./lower/program.ts";
import { type Constants, gather, giveConstants } from "./gather.ts";
import { type AnyMap, droppedName, ringBuffer } from "./language/maps.ts";
import type { SharedFunctions } from "./language/shared_functions.ts";
import { PRINT_BYTES, PRINT_MAP, type PrintCall, printCodec } from "./language/prints.ts";
import { STACK_MAP, STACK_TIMES } from "./language/stacks.ts";
import { type DebugInfo, TypeScriptProgram } from "./program.ts";
import { typeOf } from "./language/types.ts";
import type { UserPart } from "./language/user_parts.ts";

/** A program that is not compiled yet. */
export interface Uncompiled {
  readonly hook: Hook;
  /** Where it was written: `/home/me/opens.ts:12:3`. */
  readonly site: string | undefined;
}

/** Compiles a program; injected, so that this module does not import the parser. */
export type Compile<P> = (name: string, program: P, outside: Outside) => CompiledProgram;

/** The arguments of `kernel()`, without types. */
export interface PlainDefinition<P extends Uncompiled = ProgramDefinition<never>> {
  readonly name?: string;
  readonly maps?: Readonly<Record<string, AnyMap>>;
  readonly globals?: Readonly<Record<string, Codec<unknown>>>;
  readonly constants?: Constants;
  readonly use?: readonly SharedFunctions<unknown>[];
  readonly programs: Readonly<Record<string, P>>;
  /** Functions that `ts-bcc run` calls in user space. */
  readonly user?: readonly UserPart<never>[];
  /** Whether programs make maps by using them. */
  readonly makesMaps?: boolean;
  /** How many stacks there is room for. */
  readonly stacks?: number;
  /** Functions of an object that programs call by name. */
  readonly borrowed?: BorrowedFunctions | undefined;
  /** The only process that programs run in. */
  readonly pid?: number | undefined;
}

/** The resolved names of a definition, and the size of all globals. */
export interface Plan {
  readonly outside: Outside;
  readonly globals: ReadonlyMap<string, Global>;
  /** First values of globals. */
  readonly variables: Readonly<Record<string, unknown>>;
  readonly size: () => number;
}

/**
 * Lays out the globals: those of the definition, and counters of what was dropped by full maps.
 *
 * @param given values of constants and globals
 */
export function plan(
  definition: Omit<PlainDefinition, "programs">,
  given: LoadOptions["globals"] = {},
): Plan {
  const { makesMaps, pid } = definition;
  const { maps, globals, functions, ...gathered } = gather(definition);
  const { constants, variables } = giveConstants(gathered.constants, given);
  const wanted = new Map<string, Codec<unknown>>(Object.entries(globals));
  for (const [name, map] of Object.entries(maps)) {
    if (map.type === MapType.RINGBUF) wanted.set(`${name}_dropped`, u64);
    if (countsDropped(map)) wanted.set(droppedName(name, map), u64);
  }
  const placed = new Map<string, Global>();
  let size = 0;
  const place = (name: string, codec: Codec<unknown>) => {
    const type = typeOf(codec.type);
    if (!type) throw new TypeError(`Cannot use a fraction as global "${name}": there are none`);
    const offset = Math.ceil(size / 8) * 8;
    placed.set(name, { offset, type, codec });
    size = offset + codec.size;
  };
  for (const [name, codec] of wanted) place(name, codec);
  const known = new Map<string, AnyMap>(Object.entries(maps));
  const prints: PrintCall[] = [];
  const printMap = ringBuffer(printCodec(prints), { bytes: PRINT_BYTES });
  const claim = (name: string, map: AnyMap) => {
    if (known.get(name) === map) return true;
    if (known.has(name) || placed.has(name) || name in constants) return false;
    known.set(name, map);
    return true;
  };
  const claimPrint = () => {
    if (!claim(PRINT_MAP, printMap)) return false;
    if (!placed.has(`${PRINT_MAP}_dropped`)) place(`${PRINT_MAP}_dropped`, u64);
    return true;
  };
  const claimMap = (name: string, map: AnyMap) => {
    known.set(name, map);
    if (countsDropped(map)) place(droppedName(name, map), u64);
  };
  const outside = {
    pid,
    claimMap: makesMaps ? claimMap : undefined,
    prints,
    claimPrint,
    claim,
    called: new Map(),
    maps: known,
    globals: placed,
    constants: new Map(Object.entries(constants)),
    functions,
    section: SECTION,
  };
  return { outside, globals: placed, variables, size: () => Math.max(8, Math.ceil(size / 8) * 8) };
}

/** Whether inserting a key may fail because the map is full. */
const countsDropped = ({ role, by }: AnyMap) => role === "entries" || by !== undefined;

/** Compiles all programs without loading. @throws {KernelCodeError} */
export function compileCode<P extends Uncompiled>(
  definition: PlainDefinition<P>,
  compile: Compile<P>,
): CompiledProgram[] {
  const { outside } = plan(definition);
  return Object.entries(definition.programs)
    .map(([each, program]) => compile(each, program, outside));
}

/** What was loaded, and how its programs use maps. */
export interface LoadedKernel extends LoadedCode {
  readonly maps: ReadonlyMap<string, AnyMap>;
  /** The methods that programs call, by the map's name. */
  readonly called: ReadonlyMap<string, ReadonlySet<string>>;
}

/** Compiles and loads. @throws {KernelCodeError} @throws {VerifierError} or another BpfError */
export function loadCode<P extends Uncompiled>(
  definition: PlainDefinition<P>,
  options: LoadOptions,
  compile: Compile<P>,
): LoadedKernel {
  const name = options.name ?? definition.name ?? "kernel code";
  const { outside, globals, variables, size: sizeOf } = plan(definition, options.globals);
  const chosen = choose(definition.programs, options.programs ?? {}, name)
    .map(([each, program]) => [each, aimed(program, definition.pid)] as const);
  const compiled = chosen.map(([each, program]) => compile(each, program, outside));
  const size = sizeOf();
  const maps = [...outside.maps];

  using undo = new DisposableStack();
  const { borrowed } = definition;
  const types = new BtfBuilder(borrowed?.btf);
  // Linux 5.10 refuses a section without variables.
  const section = globals.size === 0 ? undefined : types.section(
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
    maps.flatMap(([, { key, value }]) => [key, value])
      .filter((codec) => codec?.type !== undefined)
      .map((codec) => [codec!, types.type(codec!.type)]),
  );
  const lines = compiled.map((program) => ({
    function: types.function(program.name),
    lines: lineInfo(types, program),
    borrowed: borrowed && program.calls.length > 0 ? borrow(types, program, borrowed) : undefined,
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
  refuseUnknown([...sizes.keys()], maps.map(([each]) => each), "map", name);
  const { stacks } = definition;
  for (const [each, map] of maps) {
    const isOfStacks = stacks !== undefined && (each === STACK_MAP || each === STACK_TIMES);
    const size = sizes.get(each) ?? (isOfStacks ? { maxEntries: stacks } : {});
    make(newMap(each, map, size, name, btf, typeIds));
  }
  make(newSection(size, btf, section));
  setGlobals(infos.at(-1)!, globals, variables, [...outside.constants.keys()], name);

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
    maps: outside.maps,
    called: outside.called,
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

/** Restricts a hook to one process, if it can be. */
function aimed<P extends Uncompiled>(program: P, pid: number | undefined): P {
  const { hook } = program;
  if (pid === undefined || hook.kind !== "uprobe" && hook.kind !== "uretprobe") return program;
  if (!hook.options || hook.options.pid !== undefined) return program;
  return { ...program, hook: { ...hook, options: { ...hook.options, pid } } };
}

function choose<P>(
  programs: Readonly<Record<string, P>>,
  wanted: Readonly<Record<string, boolean>>,
  name: string,
): [string, P][] {
  refuseUnknown(Object.keys(wanted), Object.keys(programs), "program", name);
  return Object.entries(programs).filter(([each]) => wanted[each] ?? true);
}

/** The functions that a program calls, with the line that the kernel wants at the start of each. */
function borrow(
  types: BtfBuilder,
  { name, instructions, calls }: CompiledProgram,
  { functions, instructions: more }: BorrowedFunctions,
): DebugInfo["borrowed"] {
  const behind = instructions.length / 8;
  const placed = functions.map(({ name, at, type }) => ({ name, type, at: behind + at }));
  const file = types.string("borrowed");
  return {
    instructions: more,
    calls: calls.map(({ instruction, function: called }) => {
      const found = placed.find(({ name }) => name === called);
      if (!found) throw new TypeError(`Cannot find function "${called}" that "${name}" calls`);
      return { instruction, offset: found.at - instruction - 1 };
    }),
    functions: placed.flatMap(({ at, type }) => [at, type]),
    lines: placed.flatMap(({ at, name }) => [at, file, types.string(name), 1 << 10 | 1]),
  };
}

/** struct bpf_line_info of each stretch of instructions. */
function lineInfo(
  types: BtfBuilder,
  { lines, source }: CompiledProgram,
): Uint8Array<ArrayBuffer> {
  const words = lines.flatMap(({ instruction, line }) => {
    const { text, number, source: { where } } = source.lineAt(line);
    // Lines are counted in the function's text, which the runtime has transpiled.
    const site = where.slice(2, -1);
    const file = site === "" ? `${source.name}()` : `${site}:${source.name}()`;
    return [instruction, types.string(file), types.string(text), number << 10 | 1];
  });
  return new Uint8Array(Uint32Array.from(words).buffer);
}
