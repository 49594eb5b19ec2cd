/**
 * The global variables of an object, in the data sections that its programs use.
 *
 * @module
 */

import { checkLayout, codecFor } from "../ffi/codec/check_layout.ts";
import type { Codec } from "../ffi/codec/codec.ts";
import { u64 } from "../ffi/codec/mod.ts";
import { map, MAP_SHARED, type Mapping, PROT_READ, PROT_WRITE } from "../ffi/libc/mmap.ts";
import type { Btf } from "./btf/btf.ts";
import { type Global, newGlobal } from "./global.ts";
import type { MapInfo } from "./maps/map_info.ts";
import type { GlobalInfo } from "./object/load_object.ts";

/** The variables of one object; a section is mapped at the first access to one of its variables. */
export class Globals implements Disposable {
  /** Their names. */
  readonly names: readonly string[];
  readonly #infos: readonly GlobalInfo[];
  readonly #btf: Btf;
  readonly #sections = new Map<string, Mapping>();

  /** Takes the variables and their types from a {@linkcode LoadedObject}. */
  constructor({ globals, btf }: { readonly globals: readonly GlobalInfo[]; readonly btf: Btf }) {
    this.names = globals.map((global) => global.name);
    this.#infos = globals;
    this.#btf = btf;
  }

  /** The variable of that name, if there is one. @throws {LayoutError} when the codec does not match */
  open(name: string, codec: Codec<unknown> | undefined): Global<unknown> | undefined {
    const found = this.#infos.find((global) => global.name === name);
    if (!found) return undefined;
    const type = this.#btf.type(found.type);
    if (!type) throw new TypeError(`Cannot read global variable "${name}": its type is unknown`);
    if (codec) checkLayout(`global variable "${name}"`, codec.type, type);
    const isConstant = found.section.name.includes(".rodata");
    const mapping = this.#section(found.section, isConstant);
    const chosen = codec ?? found.codec ?? codecFor(type);
    return newGlobal(name, mapping, found.offset, chosen, isConstant);
  }

  /**
   * The counter of events dropped by a ring buffer, if the programs keep one in a global variable.
   */
  droppedBy(buffer: string): () => number | undefined {
    const name = `${buffer}_dropped`;
    const dropped = this.names.includes(name) ? this.open(name, u64.asNumber) : undefined;
    return () => dropped?.value as number | undefined;
  }

  /** Unmaps the sections. */
  [Symbol.dispose](): void {
    for (const mapping of this.#sections.values()) mapping.close();
  }

  #section(info: MapInfo, isConstant: boolean): Mapping {
    let mapping = this.#sections.get(info.name);
    if (!mapping) {
      const protection = isConstant ? PROT_READ : PROT_READ | PROT_WRITE;
      mapping = map(`section ${info.name}`, info.valueSize, protection, MAP_SHARED, info.fd);
      this.#sections.set(info.name, mapping);
    }
    return mapping;
  }
}
