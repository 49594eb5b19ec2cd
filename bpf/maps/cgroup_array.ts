/**
 * Arrays of cgroups, which programs test tasks and packets against.
 *
 * @module
 */

import { i32, u32 } from "../../ffi/codec/mod.ts";
import { openCgroup } from "../proc/cgroup.ts";
import { type BpfMap, newBpfMap } from "./map.ts";
import type { MapInfo } from "./map_info.ts";

/** Creates a {@linkcode CgroupArray}; the constructor is private, so its parameters are no API. */
export let newCgroupArray: (
  ...made: [info: MapInfo]
) => CgroupArray;

/**
 * Cgroups by index, for `bpf_current_task_under_cgroup` and `bpf_skb_under_cgroup`; bcc's
 * `check_current_task(index)`. The kernel does not let entries be read back. Needs Linux >= 4.8.
 */
export class CgroupArray {
  readonly #map: BpfMap<number, number>;

  /** Made by {@linkcode Bpf.cgroupArray}. */
  private constructor(info: MapInfo) {
    this.#map = newBpfMap(info, u32, i32);
  }

  static {
    newCgroupArray = (...made) => new CgroupArray(...made);
  }

  /** The map's name in C. */
  get name(): string {
    return this.#map.name;
  }

  /** How many cgroups there is room for. */
  get maxEntries(): number {
    return this.#map.maxEntries;
  }

  /**
   * Sets an entry to a cgroup of version 2: the path of its folder, or a descriptor of it.
   *
   * @throws {BpfError} EBADF when it is no such folder
   */
  set(index: number, cgroup: string | number): this {
    if (typeof cgroup === "number") {
      this.#map.set(index, cgroup);
      return this;
    }
    using folder = openCgroup(cgroup);
    this.#map.set(index, folder.fd);
    return this;
  }

  /** Clears an entry; false when it was empty. */
  delete(index: number): boolean {
    return this.#map.delete(index);
  }

  /** Keeps the map in the kernel under a name in a bpf file system. @throws {BpfError} */
  pin(path: string): void {
    this.#map.pin(path);
  }
}
