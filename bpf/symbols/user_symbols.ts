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

import { type FollowOptions, ProcessHistory } from "./process_history.ts";
import { type Memory, type MemoryRange, perfMap, readMemory } from "../proc/process_maps.ts";
import { SymbolFiles } from "./file_symbols.ts";
import type { ResolvedSymbol } from "./symbol.ts";

/** How names are given. */
export interface UserSymbolOptions {
  /** Turn C++ and Rust names into readable ones. Default true. */
  readonly demangle?: boolean;
}

/** Which of the things an address can mean is asked for. */
export interface AddressOptions {
  /** When it was, as `bpf_ktime_get_ns` tells; asked by those who follow processes. */
  readonly time?: number | undefined;
  /**
   * It is a return address: the function is the one that made the call, which the instruction in
   * front belongs to, even when that was its last one.
   */
  readonly isReturn?: boolean;
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
  readonly #files: SymbolFiles;
  #history: ProcessHistory | undefined;

  constructor(options: UserSymbolOptions = {}) {
    this.#files = new SymbolFiles({ demangle: options.demangle ?? true });
  }

  /**
   * Learns from the kernel what processes map from now on, so that addresses of processes that are
   * gone have names too. Files are opened when they are mapped first, while they can be reached.
   *
   * @throws {BpfError} when this process may not watch others
   */
  follow(options: FollowOptions = {}): void {
    this.#history ??= new ProcessHistory(options, (pid, range) => {
      if (range.inode !== "0") this.#files.of(pid, range);
    });
  }

  /** What an address in a process is; undefined when it lies in no file and has no name. */
  resolve(pid: number, address: bigint, options: AddressOptions = {}): ResolvedSymbol | undefined {
    const { time } = options;
    if (options.isReturn && !this.#isSignalReturn(pid, address, time)) {
      const call = this.#at(pid, address - 1n, time);
      return call && { ...call, offset: call.offset + 1 };
    }
    return this.#at(pid, address, time);
  }

  /**
   * The symbols of a stack as the kernel gives it, innermost first: where the thread was, and return
   * addresses.
   *
   * @param time when it was, as `bpf_ktime_get_ns` tells
   */
  resolveStack(
    pid: number,
    addresses: readonly bigint[],
    time?: number,
  ): (ResolvedSymbol | undefined)[] {
    return addresses.map((address, i) => this.resolve(pid, address, { time, isReturn: i > 0 }));
  }

  /** The build id of the file that an address lies in. */
  buildId(pid: number, address: bigint): string | undefined {
    const [, range] = this.#find(pid, address);
    return range && this.#files.of(pid, range)?.buildId;
  }

  /** Looks at a process anew. */
  refresh(pid: number): void {
    this.#processes.set(pid, readMemory(pid));
    this.#files.forget(pid);
  }

  /** Drops what is known of a process. */
  forget(pid: number): void {
    this.#processes.delete(pid);
    this.#files.forget(pid);
  }

  /** Unmaps the files; idempotent. */
  close(): void {
    this.#history?.close();
    this.#files[Symbol.dispose]();
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

  #at(pid: number, address: bigint, time: number | undefined): ResolvedSymbol | undefined {
    const [process, range] = this.#find(pid, address, time);
    if (!process || !range) return undefined;
    if (range.file === undefined) return compiledAt(pid, process, range, address);
    const offset = Number(address - range.start) + range.offset;
    const found = this.#files.of(pid, range)?.at(offset);
    if (!found) return { name: undefined, offset, module: range.path };
    return { name: found.name, offset: found.offset, module: range.path };
  }

  #isSignalReturn(pid: number, address: bigint, time: number | undefined): boolean {
    const [, range] = this.#find(pid, address, time);
    const file = range && this.#files.of(pid, range);
    return file?.isSignalReturn(Number(address - range!.start) + range!.offset) ?? false;
  }
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
