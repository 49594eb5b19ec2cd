/**
 * Indirect functions (IFUNC): symbols such as glibc's `strlen` whose implementation the dynamic linker
 * chooses when it loads the library.
 *
 * The symbol is a resolver, called once per process; a probe on it misses every real call. The
 * chosen implementation is read from the tables of the traced process, or, for a library that this
 * process was started with, from the dynamic linker of this process. Another file is never loaded
 * for that: its constructors and resolvers would run in this process.
 *
 * @module
 */

import {
  addressInLoaded,
  type LoadedObject,
  loadedObjects,
} from "../../ffi/libc/loaded_objects.ts";
import { isDeleted, type MapLine, readMaps } from "../proc/map_lines.ts";
import type { ElfFile } from "./elf_file.ts";
import { ImplementationTables } from "./ifunc_tables.ts";

/** The indirect functions of a file. */
export class Ifuncs {
  readonly #file: ElfFile;
  readonly #pid: number | undefined;
  #tables: ImplementationTables | undefined;
  #home: Home | null | undefined;

  /** @param pid the process whose choice is wanted; without one, this machine's */
  constructor(file: ElfFile, pid?: number) {
    this.#file = file;
    this.#pid = pid;
  }

  /**
   * The file offset of the implementation in use; undefined when it is unknown.
   *
   * @param offset the file offset of the resolver
   */
  implementation(name: string, offset: number): number | undefined {
    // The process first: GLIBC_TUNABLES may change the choice for a process.
    if (this.#pid !== undefined) {
      this.#tables ??= new ImplementationTables(this.#file, this.#pid);
      const found = this.#tables.implementation(name, offset);
      if (found !== undefined) return found;
    }
    if (this.#home === undefined) this.#home = homeOf(this.#file) ?? null;
    return this.#home ? choiceAt(this.#home, name) : undefined;
  }

  /** Why it is unknown, and what to do: continues "NAME is an indirect function, and …". */
  get reason(): string {
    const which = this.#pid === undefined
      ? "which implementation is used can only be told of a running process, or of a library that " +
        "this one uses itself: name a process"
      : `which implementation process ${this.#pid} uses cannot be told, as none of its tables has it ` +
        "(yet): trace it once it was called";
    return `${which}, or name the implementation by its symbol or address`;
  }
}

/** A library that the dynamic linker loaded when this process was started. */
interface Home {
  readonly object: LoadedObject;
  readonly parts: readonly MapLine[];
}

/**
 * The mapping of that very file in this process; undefined when its dynamic linker has not loaded
 * it.
 */
function homeOf({ status: { device, inode } }: ElfFile): Home | undefined {
  const parts = readMaps("self", { all: true });
  const fs = process.getBuiltinModule("node:fs");
  for (const object of loadedObjects()) {
    const home = parts.find(({ start, end }) => object.dynamic >= start && object.dynamic < end);
    if (object.name === "" || home?.inode !== String(inode) || isDeleted(home)) continue;
    // Compared by stat(2): on btrfs and overlayfs /proc/PID/maps shows other device numbers.
    const found = fs.statSync(object.name, { bigint: true, throwIfNoEntry: false });
    if (found?.ino !== inode || deviceOf(found.dev) !== device) continue;
    return {
      object,
      parts: parts.filter((part) => part.device === home.device && part.inode === home.inode),
    };
  }
  return undefined;
}

/** The implementation that the dynamic linker has chosen in this process. */
function choiceAt({ object, parts }: Home, symbol: string): number | undefined {
  const address = addressInLoaded(object, symbol);
  const part = parts.find(({ start, end, permissions }) =>
    permissions[2] === "x" && address >= start && address < end
  );
  return part && Number(address - part.start) + part.offset;
}

/** A device's number (makedev(3)) as /proc/PID/maps writes it. */
function deviceOf(device: bigint): string {
  const major = device >> 8n & 0xfffn | device >> 32n & ~0xfffn;
  const minor = device & 0xffn | device >> 12n & ~0xffn;
  return [major, minor].map((part) => part.toString(16).padStart(2, "0")).join(":");
}
