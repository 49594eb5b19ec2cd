/**
 * Stack traces that programs take with `bpf_get_stackid`. Needs Linux >= 4.6.
 *
 * @module
 */

import { array, i32, u64 } from "../ffi/codec/mod.ts";
import { BpfMap } from "./map.ts";
import type { MapInfo } from "./map_setup.ts";

/** Stacks by the number that `bpf_get_stackid` returned. */
export class StackTraces implements Iterable<[number, bigint[]]> {
  readonly #map: BpfMap<number, bigint[]>;

  /** Made by {@linkcode Bpf.stacks}. */
  constructor(info: MapInfo) {
    this.#map = new BpfMap(info, i32, array(u64, info.valueSize / 8));
  }

  get name(): string {
    return this.#map.name;
  }

  /** The addresses of a stack, innermost first; undefined for a number that is none. */
  get(id: number): bigint[] | undefined {
    // A negative number is the errno that the program got.
    return id < 0 ? undefined : framesOf(this.#map.get(id));
  }

  /** Removes a stack; false when there was none. */
  delete(id: number): boolean {
    return this.#map.delete(id);
  }

  /** Removes all stacks. */
  clear(): void {
    for (const [id] of [...this]) this.delete(id);
  }

  *[Symbol.iterator](): Generator<[number, bigint[]], void, void> {
    for (const [id, frames] of this.#map) yield [id, framesOf(frames)!];
  }
}

/** The kernel fills the rest of a stack with zeros. */
function framesOf(frames: bigint[] | undefined): bigint[] | undefined {
  const end = frames?.indexOf(0n) ?? -1;
  return end < 0 ? frames : frames!.slice(0, end);
}
