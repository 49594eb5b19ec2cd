/**
 * A file system type that no kernel here has, by a stand-in.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { Disk } from "./disk.ts";
import { Folder } from "./workload.ts";

/** The module that stands in: its own name is long enough for the other, and it has a mkfs. */
const MODULE = "minix";
/** include/linux/module_signature.h: a signature, its length in the last 4 bytes of a header, this text. */
const SIGNED = "~Module signature appended~\n";
const HEADER_SIZE = 12;

/**
 * A mount of a type with this name, in truth of Minix's file system: a copy of its module is loaded in
 * which the name stands in the place of its own. It taints the kernel, so this is for guests.
 */
export class StandIn implements Disposable {
  readonly path: string;
  readonly #type: string;
  readonly #folder = new Folder();
  readonly #stack = new DisposableStack();

  constructor(type: string) {
    this.#type = type;
    this.path = `${this.#folder.path}/mount`;
    this.#stack.use(this.#folder);
    try {
      mkdirSync(this.path);
      this.#load();
      const disk = this.#stack.use(new Disk());
      run(`mkfs.${MODULE}`, "-3", disk.path);
      run("mount", "-i", "-t", type, "-o", "noatime", disk.path, this.path);
      this.#stack.defer(() => run("umount", this.path));
    } catch (error) {
      this.#stack.dispose();
      throw error;
    }
  }

  #load(): void {
    const original = run("modinfo", "--field", "filename", MODULE).toString().trim();
    const module = original.endsWith(".xz") ? run("xz", "-dc", original) : readFileSync(original);
    const text = module.toString("latin1");
    const isSigned = text.endsWith(SIGNED);
    // One that was changed is refused for its signature, and taken without.
    const end = text.length - SIGNED.length;
    const length = isSigned ? end - HEADER_SIZE - module.readUInt32BE(end - 4) : text.length;
    const name = `${this.#type}${"\0".repeat(MODULE.length - this.#type.length)}`;
    const changed = text.slice(0, length).replaceAll(`${MODULE}\0`, `${name}\0`);
    const path = `${this.#folder.path}/${this.#type}.ko`;
    writeFileSync(path, changed, "latin1");
    run("insmod", path);
    this.#stack.defer(() => run("rmmod", this.#type));
  }

  [Symbol.dispose](): void {
    this.#stack.dispose();
  }
}

function run(command: string, ...args: string[]) {
  const MAX = 16 * 1024 * 1024;
  return execFileSync(command, args, { stdio: ["ignore", "pipe", "pipe"], maxBuffer: MAX });
}
