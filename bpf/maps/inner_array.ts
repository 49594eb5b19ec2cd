/**
 * Arrays of one large value, made while a program runs: to be put into a map of maps.
 *
 * @module
 */

import { alloc } from "../../ffi/libc/memory.ts";
import { createMap } from "../../ffi/libc/bpf_syscall.ts";
import { close } from "../../ffi/libc/files.ts";
import { libbpf } from "../../ffi/libbpf.ts";
import { BpfError } from "../base/errors.ts";
import { MapType } from "../tables/map_type.ts";
import type { KernelObject } from "./object_map.ts";

/** An array with one value. */
export class InnerArray implements KernelObject, Disposable {
  readonly name: string;
  readonly fd: number;
  readonly #key = alloc(4);

  /** @param bytes of the value @throws {BpfError} */
  constructor(name: string, bytes: number) {
    this.name = name;
    const request = { type: MapType.ARRAY, name, keySize: 4, valueSize: bytes, maxEntries: 1 };
    this.fd = createMap(request);
    if (this.fd < 0) throw new BpfError("create", `make map "${name}"`, -this.fd);
  }

  /** Replaces the value. @throws {BpfError} */
  write(value: Uint8Array<ArrayBuffer>): void {
    const result = libbpf().bpf_map_update_elem(this.fd, this.#key, value, 0n);
    if (result < 0) throw new BpfError("update", `write map "${this.name}"`, -result);
  }

  [Symbol.dispose](): void {
    close(this.fd);
  }
}
