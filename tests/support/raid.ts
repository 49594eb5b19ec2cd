/**
 * A software RAID for one test.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { Disk } from "./disk.ts";

const MODULE = "/sys/module/md_mod/parameters/new_array";
const KIBIBYTES = 32768;

/** A RAID 1 of two loop devices, made through sysfs, without mdadm. Stopped at disposal. */
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
      this.#set("array_state", "active"); // the kernel refuses "clean" for an array that is not running
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
