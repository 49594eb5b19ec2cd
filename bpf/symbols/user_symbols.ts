/**
 * Names for addresses in processes: from the files they have mapped, and from the perf-map files
 * that just-in-time compilers write.
 *
 * libbcc's symbol cache is not used, because shipped tools run without libbcc; this one also tells
 * file and offset of every address that lies in a file. Files are opened through /proc/PID, so that
 * processes in other mount namespaces, and files deleted meanwhile, are served too.
 *
 * @module
 */

import { demangle } from "./demangle.ts";
import { ErrnoError } from "../../ffi/libc/libc.ts";
import { ElfFunctions } from "../elf/elf_functions.ts";
import { type FollowOptions, ProcessHistory } from "./process_history.ts";
import { type Memory, type MemoryRange, perfMap, readMemory } from "../proc/process_maps.ts";
import type { ResolvedSymbol } from "./symbol.ts";

/** How names are given. */
export interface UserSymbolOptions {
  /** Turn C++ and Rust names into readable ones. Default true. */
  readonly demangle?: boolean;
}

/**
 * Symbols of any number of processes; files are shared between them.
 *
 * A process is looked at when it is asked about first: call `refresh` when it has loaded libraries
 * or called exec since, and `forget` when it is gone, before its number is used again. Or call
 * `follow` before anything else: then all processes are known that live from then on, and ask with
 * a time.
 */
export class UserSymbols implements Disposable {
  readonly #processes = new Map<number, Memory | undefined>();
  readonly #files = new Map<string, ElfFunctions>();
  readonly #missing = new Set<string>();
  readonly #demangle: boolean;
  #history: ProcessHistory | undefined;

  constructor(options: UserSymbolOptions = {}) {
    this.#demangle = options.demangle ?? true;
  }

  /**
   * Learns from the kernel what processes map from now on, so that addresses of processes that are
   * gone have names too. Files are opened when they are mapped first, while they can be reached.
   *
   * @throws {BpfError} when this process may not watch others
   */
  follow(options: FollowOptions = {}): void {
    this.#history ??= new ProcessHistory(options, (pid, range) => {
      if (range.inode !== "0" && !this.#files.has(range.file!)) this.#open(pid, range);
    });
  }

  /**
   * What an address in a process is; undefined when it lies in no file and has no name.
   *
   * @param time when it was, as `bpf_ktime_get_ns` tells; asked by those who follow processes
   */
  resolve(pid: number, address: bigint, time?: number): ResolvedSymbol | undefined {
    const [process, range] = this.#find(pid, address, time);
    if (!process || !range) return undefined;
    if (range.file === undefined) return compiledAt(pid, process, range, address);
    const offset = Number(address - range.start) + range.offset;
    const found = this.#file(pid, range)?.at(offset);
    if (!found) return { name: undefined, offset, module: range.path };
    const name = this.#demangle ? demangle(found.name) : found.name;
    return { name, offset: found.offset, module: range.path };
  }

  /** The build id of the file that an address lies in. */
  buildId(pid: number, address: bigint): string | undefined {
    const [, range] = this.#find(pid, address);
    return range?.file === undefined ? undefined : this.#file(pid, range)?.buildId;
  }

  /** Looks at a process anew. */
  refresh(pid: number): void {
    this.#processes.set(pid, readMemory(pid));
  }

  /** Drops what is known of a process. */
  forget(pid: number): void {
    this.#processes.delete(pid);
  }

  /** Unmaps the files; idempotent. */
  close(): void {
    this.#history?.close();
    for (const file of this.#files.values()) file[Symbol.dispose]();
    this.#files.clear();
    this.#processes.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #find(
    pid: number,
    address: bigint,
    time?: number,
  ): [Memory | undefined, MemoryRange | undefined] {
    const known = this.#history?.at(pid, time ?? Infinity);
    const range = known?.rangeAt(address, time);
    if (range) return [known, range];
    // It may have been there before it was followed.
    if (!this.#processes.has(pid)) this.refresh(pid);
    const memory = this.#processes.get(pid);
    return [memory, memory?.rangeAt(address)];
  }

  #file(pid: number, range: MemoryRange): ElfFunctions | undefined {
    const known = this.#files.get(range.file!);
    // Out of reach for one that is gone may be there for another.
    const tried = `${pid} ${range.file}`;
    if (known || this.#missing.has(tried)) return known;
    const file = this.#open(pid, range);
    if (!file) this.#missing.add(tried);
    return file;
  }

  #open(pid: number, range: MemoryRange): ElfFunctions | undefined {
    // map_files needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN, but reaches deleted files.
    const name = [range.start, range.end].map((address) => address.toString(16)).join("-");
    const paths = [`/proc/${pid}/map_files/${name}`, `/proc/${pid}/root${range.path}`];
    if (isSameFile(range)) paths.push(range.path);
    const file = open(paths);
    if (file) this.#files.set(range.file!, file);
    return file;
  }
}

/** Whether the path leads this process to the file that was mapped. */
function isSameFile({ path, inode }: MemoryRange): boolean {
  const { statSync } = process.getBuiltinModule("node:fs");
  try {
    return String(statSync(path, { bigint: true }).ino) === inode;
  } catch {
    return false;
  }
}

function open(paths: readonly string[]): ElfFunctions | undefined {
  for (const path of paths) {
    try {
      return new ElfFunctions(path);
    } catch (error) {
      if (!(error instanceof ErrnoError || error instanceof RangeError)) throw error;
    }
  }
  return undefined;
}

/** Looks in the perf-map file, which names memory that no file backs. */
function compiledAt(
  pid: number,
  process: Memory,
  range: MemoryRange,
  address: bigint,
): ResolvedSymbol | undefined {
  const compiled = process.compiled ??= perfMap(pid);
  const found = compiled.findLast(({ start, size }) => address >= start && address < start + size);
  const module = range.path === "" ? undefined : range.path;
  if (!found) {
    return module === undefined
      ? undefined
      : { name: undefined, offset: Number(address - range.start), module };
  }
  return { name: found.name, offset: Number(address - found.start), module: `perf-${pid}.map` };
}
