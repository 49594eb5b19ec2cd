/**
 * Loading a compiled object through libbpf, all or nothing.
 *
 * @module
 */

import type { Codec } from "../../ffi/codec/codec.ts";
import { collectWarnings, libbpf } from "../../ffi/libbpf.ts";
import type { StructOps } from "../attach/struct_ops.ts";
import type { Btf, Variable } from "../btf/btf.ts";
import type { MapInfo, MapOptions } from "../maps/map_info.ts";
import { MapType, mapTypeName } from "../tables/map_type.ts";
import { sectionOf } from "./initial_values.ts";
import { loadFailure } from "./load_error.ts";
import { madeMap, prepareMap } from "./make_map.ts";
import type { ObjectFile } from "./object_file.ts";

/** What {@linkcode Bpf.load} takes besides the object. */
export interface LoadOptions {
  /** The object's name, for errors and the kernel's map names. Default "object". */
  readonly name?: string;
  /** Initial values of global variables, `const volatile` ones among them. */
  readonly globals?: Readonly<Record<string, unknown>>;
  /** Programs to leave out: `{ enter_open: false }`. */
  readonly programs?: Readonly<Record<string, boolean>>;
  /** Maps to change before they are made. */
  readonly maps?: Readonly<Record<string, MapOptions>>;
}

/** A global variable and the map of its data section. */
export interface GlobalInfo extends Variable {
  readonly section: MapInfo;
  /** The codec of a variable defined in TypeScript. */
  readonly codec?: Codec<unknown>;
}

/** A loaded object; closing it unloads everything that is not attached or pinned elsewhere. */
export interface LoadedObject extends Disposable {
  readonly name: string;
  readonly btf: Btf;
  /** Whether it was compiled at run time. */
  readonly isCompiled?: boolean;
  /** `struct bpf_program *` of each program that was loaded. */
  readonly programs: readonly bigint[];
  readonly maps: readonly MapInfo[];
  readonly globals: readonly GlobalInfo[];
  readonly structOps?: readonly StructOps[];
}

/** Loads an object. @throws {BpfError} or a subclass; then nothing is left behind. */
export function loadObject(file: ObjectFile): LoadedObject {
  const { name, btf, handle, log } = file;
  const lib = libbpf();
  using undo = new DisposableStack();
  undo.use(file);
  for (const map of file.maps) prepareMap(map);
  collectWarnings();
  const result = lib.bpf_object__load(handle);
  if (result < 0) {
    const own = (program: string) => file.programs.find((each) => each.name === program)?.log;
    const typeOf = (map: string) => {
      const found = file.maps.find((each) => each.name === map);
      return found && mapTypeName(lib.bpf_map__type(found.handle));
    };
    throw loadFailure(name, -result, {
      logOf: (program) => own(program)?.text() || log.text(),
      mapType: typeOf,
    });
  }
  const programs = file.programs.map((program) => program.handle)
    .filter((program) => lib.bpf_program__autoload(program) !== 0);
  const made = file.maps.filter((map) => lib.bpf_map__fd(map.handle) >= 0);
  const maps = made.map(madeMap);
  const structOps = made.filter((_, i) => maps[i]!.type === MapType.STRUCT_OPS);
  undo.move();
  const release = file.finish();
  return {
    name,
    btf,
    programs,
    maps,
    structOps,
    globals: maps.flatMap((section) =>
      btf.variables(sectionOf(section.name) ?? "").map((variable) => ({ ...variable, section }))
    ),
    [Symbol.dispose]: () => release[Symbol.dispose](),
  };
}
