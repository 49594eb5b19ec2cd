/**
 * A module as libbcc makes it: programs and tables compiled from one text.
 *
 * @module
 */

import { libbcc } from "../../ffi/libbcc.ts";
import { Btf } from "../btf/btf.ts";
import type { MapInfo } from "../maps/map_info.ts";
import type { LoadedObject } from "../object/load_object.ts";
import { CompiledProgram, type Loading } from "./compiled_program.ts";
import { moduleBtf } from "./module_btf.ts";
import { whileIdle } from "./queue.ts";
import { isReservedTable } from "./reserved_events.ts";
import { tableInfo } from "./table_info.ts";

/** A compiled module; closing it unloads its programs and maps. */
export class Module implements Disposable {
  readonly name: string;
  readonly programs: readonly CompiledProgram[];
  readonly maps: readonly MapInfo[];
  /** The BTF of the text; empty when the kernel refused it. */
  readonly btf: Btf;
  #handle: bigint;

  /** Takes ownership of what `bpf_module_create_c_from_string` returned. */
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
    this.maps = ids.map((id) => tableInfo(handle, id, loading, btf))
      .filter(({ name }) => !isReservedTable(name));
  }

  /** Loads the programs whose hook is known. @throws {VerifierError} */
  loadNamed(): void {
    for (const program of this.programs) if (program.section !== "") program.fd();
  }

  /** The module as a loaded object; closing that closes the module. */
  asObject(): Omit<LoadedObject, "programs"> {
    const { name, maps, btf } = this;
    const release = () => this[Symbol.dispose]();
    return { name, maps, btf, globals: [], isCompiled: true, [Symbol.dispose]: release };
  }

  [Symbol.dispose](): void {
    if (this.#handle === 0n) return;
    for (const program of this.programs) program.close();
    const handle = this.#handle;
    this.#handle = 0n;
    whileIdle(() => libbcc().bpf_module_destroy(handle));
  }
}
