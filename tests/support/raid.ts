/**
 * Software RAID of a test's own.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { Disk } from "./disk.ts";

const MODULE = "/sys/module/md_mod/parameters/new_array";
const KIBIBYTES = 32768;

/** A mirror of two loop devices, taken apart at the end of the block. It needs no mdadm. */
export class Mirror implements Disposable {
  readonly name: string = `md_tsbcc${process.pid}`;
  readonly #disks: Disk[] = [];

  constructor() {
    try {
      // In a guest the kernel finds no modprobe of its own.
      for (const module of ["md_mod", "raid1"]) execFileSync("modprobe", [module]);
      this.#disks.push(new Disk(), new Disk());
      writeFileSync(MODULE, this.name);
      this.#set("metadata_version", "none");
      this.#set("level", "raid1");
      this.#set("raid_disks", String(this.#disks.length));
      this.#set("component_size", String(KIBIBYTES));
      for (const [slot, { name }] of this.#disks.entries()) {
        this.#set("new_dev", readFileSync(`/sys/block/${name}/dev`, "utf8").trim());
        this.#set(`dev-${name}/slot`, String(slot));
      }
      this.#set("array_state", "active"); // "clean" is refused for one that does not run
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** `/dev/md_…` */
  get path(): string {
    return `/dev/${this.name}`;
  }

  #set(attribute: string, value: string): void {
    writeFileSync(`/sys/block/${this.name}/md/${attribute}`, value);
  }

  [Symbol.dispose](): void {
    if (existsSync(`/sys/block/${this.name}`)) this.#set("array_state", "clear");
    for (const disk of this.#disks.splice(0)) disk[Symbol.dispose]();
  }
}
