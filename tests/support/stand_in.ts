/**
 * A stand-in for a file system type that no kernel of the tests has.
 *
 * @module
 */

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { Disk } from "./disk.ts";
import { Folder } from "./workload.ts";

/**
 * The module to rename: its name is long enough for the other type's name, and Debian has a mkfs for it.
 */
const MODULE = "minix";
/**
 * A signed module ends with the signature, struct module_signature (its last 4 bytes are the
 * signature's length) and this text (include/linux/module_signature.h).
 */
const SIGNED = "~Module signature appended~\n";
const HEADER_SIZE = 12;

/**
 * A mount whose type has a given name and is really the Minix file system: it loads a copy of the module
 * minix in which that name replaces `minix`. The module taints the kernel, so this is for guests.
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
    // The kernel refuses a changed module with a wrong signature, but loads one without a signature.
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
