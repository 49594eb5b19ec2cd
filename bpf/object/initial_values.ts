/**
 * The initial values of global variables.
 *
 * @module
 */

import { codecFor } from "../../ffi/codec/check_layout.ts";
import { libbpf } from "../../ffi/libbpf.ts";
import { alloc } from "../../ffi/libc/memory.ts";
import { runtime } from "../../ffi/runtime/runtime.ts";
import type { Btf, Variable } from "../btf/btf.ts";
import type { MapHandle, ObjectFile } from "./object_file.ts";

/** A global variable and the map of its data section. */
export interface InitialVariable extends Variable {
  readonly map: MapHandle;
}

/**
 * `.rodata` of "opensnoo.rodata": libbpf prefixes the maps of data sections with the object's name.
 */
export function sectionOf(mapName: string): string | undefined {
  return /\.(?:rodata|data|bss|kconfig).*$/.exec(mapName)?.[0];
}

/** The global variables of an object by name. */
export function variablesOf({ maps, btf }: ObjectFile): ReadonlyMap<string, InitialVariable> {
  return new Map(
    maps.flatMap((map) =>
      btf.variables(sectionOf(map.name) ?? "").map((variable) =>
        [variable.name, { ...variable, map }] as const
      )
    ),
  );
}

/** A variable's initial value. */
export function initialValue(variable: InitialVariable, btf: Btf): unknown {
  const [view, codec] = place(variable, btf, "read");
  return codec.read(view, variable.offset);
}

/** Sets a variable's initial value. @throws {RangeError} when it does not fit */
export function setInitialValue(variable: InitialVariable, btf: Btf, value: unknown): void {
  const [view, codec] = place(variable, btf, "set");
  try {
    codec.write(view, variable.offset, value);
  } catch (cause) {
    const detail = cause instanceof Error ? cause.message : String(cause);
    throw new RangeError(`Cannot set global variable "${variable.name}": ${detail}`, { cause });
  }
}

function place({ name, type: id, map }: InitialVariable, btf: Btf, verb: string) {
  const type = btf.type(id);
  const size = alloc(8);
  const address = libbpf().bpf_map__initial_value(map.handle, size);
  if (address === 0n || !type) {
    throw new TypeError(
      `Cannot ${verb} global variable "${name}": its section has no initial value`,
    );
  }
  const bytes = Number(new BigUint64Array(size.buffer)[0]);
  return [new DataView(runtime.view(address, bytes)), codecFor(type)] as const;
}
