/**
 * Symbols of addresses in processes: from the files they have mapped, and from the symbol files of
 * JIT compilers.
 *
 * Not by libbcc's symbol cache, as shipped tools run without libbcc. Files are opened through /proc/PID,
 * so that processes in other mount namespaces, and deleted files, work too.
 *
 * @module
 */

import type { SourceLine } from "../elf/line_table.ts";
import { isCode, type MemoryRange, readMemory } from "../proc/process_maps.ts";
import { SymbolFiles } from "./file_symbols.ts";
import { JitWatch } from "./jit_watch.ts";
import { type FollowOptions, ProcessHistory } from "./process_history.ts";
import { ProcessImage } from "./process_image.ts";
import type { AddressOptions, ResolvedSymbol, SourceFrame } from "./symbol.ts";

/** How many unfollowed processes are cached. */
const MAX_LOOKED_AT = 1024;

/** Options for symbols. */
export interface UserSymbolOptions {
  /** Turn C++ and Rust names into readable ones. Default true. */
  readonly demangle?: boolean;
}

/**
 * Calls `each` for the code that followed processes map from now on. Not part of the API, because
 * MemoryRange is not.
 */
export let hearMappings: (
  symbols: UserSymbols,
  each: (pid: number, range: MemoryRange) => void,
) => void;

/**
 * Symbols of any number of processes; files are shared between them.
 *
 * A process's mappings are read when it is first asked about: call `refresh` when it has loaded
 * libraries or called exec since, and `forget` when it is gone, before its number is used again. Or
 * call `follow` before anything else: then all processes that run from then on are known, and
 * look-ups take a time.
 */
export class UserSymbols implements Disposable {
  readonly #images = new Map<number, ProcessImage | undefined>();
  readonly #files: SymbolFiles;
  readonly #watch = new JitWatch();
  #history: ProcessHistory | undefined;
  /** The last mapping found in it: the frames of a stack are mostly in one file. */
  #lastMapping: Mapping | undefined;
  #onMap: ((pid: number, range: MemoryRange) => void) | undefined;

  static {
    hearMappings = (symbols, each) => symbols.#onMap = each;
  }

  /** Opens nothing yet: files are read when an address in them is first asked for. */
  constructor(options: UserSymbolOptions = {}) {
    this.#files = new SymbolFiles({ demangle: options.demangle ?? true });
  }

  /**
   * Records what processes map from now on, so that addresses of ended processes can be symbolized.
   * Files are opened when first mapped, while they are reachable.
   *
   * @throws {BpfError} when this process may not watch others
   */
  follow(options: FollowOptions = {}): void {
    this.#history ??= new ProcessHistory(options, {
      onMap: (image, range) => {
        this.#onMap?.(image.pid, range);
        const hasNames = this.#files.of(image.pid, range) !== undefined;
        if (!hasNames) this.#watchCode(image);
      },
      onCode: (image) => this.#watchCode(image),
      onForget: (pids) => {
        for (const pid of pids) this.forget(pid);
        // Unfollowed processes are unlimited in number: drop the cache and read them anew.
        if (this.#images.size > MAX_LOOKED_AT) {
          for (const pid of this.#images.keys()) this.forget(pid);
        }
      },
    });
  }

  /** The followed processes that have ended and are not forgotten yet. */
  get ended(): ReadonlySet<number> {
    return this.#history?.ended ?? new Set();
  }

  /** How many programs of processes are known, including those of ended processes. */
  get size(): number {
    return this.#images.size + (this.#history?.size ?? 0);
  }

  /** The symbol of an address in a process; undefined when it lies in no file and has no name. */
  resolve(pid: number, address: bigint, options: AddressOptions = {}): ResolvedSymbol | undefined {
    const { time } = options;
    const known = this.#history?.at(pid, time ?? Infinity);
    const mapping = this.#findIn(known, pid, address, time);
    const isExact = !options.isReturn || this.#isSignalReturn(mapping, address);
    if (isExact) return mapping && this.#at(mapping, address, time);
    return this.#beforeReturn(known, pid, mapping, address, time);
  }

  /**
   * Symbolizes a stack as the kernel records it, innermost first: the instruction pointer, then
   * return addresses.
   *
   * @param time when it was sampled, on the clock of `bpf_ktime_get_ns`
   */
  resolveStack(
    pid: number,
    addresses: readonly bigint[],
    time?: number,
  ): (ResolvedSymbol | undefined)[] {
    let wasSignal = true; // the innermost one is no return address either
    const known = this.#history?.at(pid, time ?? Infinity);
    return addresses.map((address) => {
      const mapping = this.#findIn(known, pid, address, time);
      const call = wasSignal ? undefined : this.#callBefore(mapping, address);
      if (call) return call;
      const isSignal = this.#isSignalReturn(mapping, address);
      // Code that a signal interrupts was not making a call.
      const isReturn = !wasSignal && !isSignal;
      wasSignal = isSignal;
      if (isReturn) return this.#beforeReturn(known, pid, mapping, address, time);
      return mapping && this.#at(mapping, address, time);
    });
  }

  /**
   * The source frames of each address of a stack: inlined functions, innermost first, then the one
   * that has the code, each with its line; without debug information one frame without a line.
   *
   * @param time when it was sampled, on the clock of `bpf_ktime_get_ns`
   */
  sourceFrames(pid: number, addresses: readonly bigint[], time?: number): SourceFrame[][] {
    return addresses.map((address, i) => {
      const inner = addresses[i - 1] ?? 0n;
      const isReturn = i > 0 && !this.#isSignalReturn(this.#find(pid, inner, time), inner);
      const at = isReturn ? address - 1n : address;
      const { file, offset } = this.#placeOf(this.#find(pid, at, time), at);
      if (!file) return [{ inlined: undefined, line: undefined }];
      const calls = file.inlinedAt(offset);
      const lines = [file.lineAt(offset), ...calls.map(({ caller }) => caller)];
      return lines.map((line, depth) => ({
        inlined: calls[depth] && (calls[depth].name ?? "?"),
        line,
      }));
    });
  }

  /**
   * The source line of an address, from the program's debug information (gcc -g); undefined when
   * there is none.
   */
  sourceLine(pid: number, address: bigint, options: AddressOptions = {}): SourceLine | undefined {
    // After a call, the return address may belong to the next line.
    const at = options.isReturn ? address - 1n : address;
    const { file, offset } = this.#placeOf(this.#find(pid, at, options.time), at);
    return file?.lineAt(offset);
  }

  /** The build id of the file that contains an address. */
  buildId(pid: number, address: bigint): string | undefined {
    return this.#placeOf(this.#find(pid, address), address).file?.buildId;
  }

  /** Reads a process anew. */
  refresh(pid: number): void {
    this.forget(pid);
    const memory = readMemory(pid);
    this.#images.set(pid, memory && new ProcessImage(pid, 0, memory));
  }

  /** Forgets a process. */
  forget(pid: number): void {
    this.#images.get(pid)?.close();
    this.#images.delete(pid);
    this.#files.forget(pid);
  }

  /** Forgets followed processes that have ended. */
  forgetEnded(pids: ReadonlySet<number>): void {
    this.#history?.forget(pids);
    for (const pid of pids) this.forget(pid);
  }

  /** Closes the files; idempotent. */
  close(): void {
    this.#watch.close();
    this.#history?.close();
    for (const image of this.#images.values()) image?.close();
    this.#files[Symbol.dispose]();
    this.#images.clear();
  }

  /** Closes it at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  #watchCode(image: ProcessImage): void {
    image.hasCode = true;
    this.#watch.add(image.jit);
  }

  #find(pid: number, address: bigint, time?: number): Mapping | undefined {
    return this.#findIn(this.#history?.at(pid, time ?? Infinity), pid, address, time);
  }

  /** @param known the process's image at that time, looked up once for all addresses of a stack */
  #findIn(known: Known, pid: number, address: bigint, time?: number): Mapping | undefined {
    const range = known?.memory.rangeAt(address, time);
    const last = this.#lastMapping;
    if (last && last.range === range && last.image === known) return last;
    if (known && range) return this.#lastMapping = { image: known, range };
    // It may have been running before it was followed.
    if (!this.#images.has(pid)) this.refresh(pid);
    const image = this.#images.get(pid);
    const found = image?.memory.rangeAt(address);
    return found && { image: image!, range: found };
  }

  /** The symbol of the call that returns into the same function of a file. */
  #callBefore(mapping: Mapping | undefined, address: bigint): ResolvedSymbol | undefined {
    if (!mapping || address === mapping.range.start) return undefined;
    const { image, range } = mapping;
    const file = this.#files.of(image.pid, range);
    return file?.callBefore(distance(range.start, address) + range.offset);
  }

  /** The symbol of the call that returns to an address. */
  #beforeReturn(
    known: Known,
    pid: number,
    mapping: Mapping | undefined,
    address: bigint,
    time?: number,
  ): ResolvedSymbol | undefined {
    const isSame = mapping !== undefined && address > mapping.range.start;
    const call = isSame ? mapping : this.#findIn(known, pid, address - 1n, time);
    const symbol = call && this.#at(call, address - 1n, time);
    return symbol && { name: symbol.name, offset: symbol.offset + 1, module: symbol.module };
  }

  #at(mapping: Mapping, address: bigint, time?: number): ResolvedSymbol | undefined {
    const { image, range } = mapping;
    const { file, offset } = this.#placeOf(mapping, address);
    const inFile = file?.at(offset);
    if (inFile && inFile.size > 0) return inFile.symbol;
    // JIT compilers may also write into a file mapping that has no symbols there.
    const compiled = image.jit.at(address, time);
    if (compiled) return compiled;
    if (inFile) return inFile.symbol;
    if (!isCode(range)) return { name: undefined, offset, module: range.path };
    return this.#moved(image, address) ??
      (range.path === "" ? undefined : { name: undefined, offset, module: range.path });
  }

  /** File text that the process has moved to anonymous memory, as for huge pages. */
  #moved({ pid, memory }: ProcessImage, address: bigint): ResolvedSymbol | undefined {
    const before = memory.coveredAt(address);
    if (before) {
      return this.#files.of(pid, before)?.at(Number(address - before.start) + before.offset)
        ?.symbol;
    }
    const image = memory.imageBefore(address);
    return image && this.#files.of(pid, image)?.atDistance(Number(address - image.start))?.symbol;
  }

  #isSignalReturn(mapping: Mapping | undefined, address: bigint): boolean {
    const { file, offset } = this.#placeOf(mapping, address);
    return file?.isSignalReturn(offset) ?? false;
  }

  /** The offset of an address in its file, which is undefined where it has none that can be read. */
  #placeOf(mapping: Mapping | undefined, address: bigint) {
    if (!mapping) return { file: undefined, offset: 0 };
    const { image, range } = mapping;
    const offset = distance(range.start, address) + range.offset;
    return { file: this.#files.of(image.pid, range), offset };
  }
}

/** How far an address is behind another one; numbers are exact for most, and fast. */
function distance(from: bigint, to: bigint): number {
  return to <= Number.MAX_SAFE_INTEGER ? Number(to) - Number(from) : Number(to - from);
}

/** The image of a process at a time. */
type Known = ProcessImage | undefined;

/** The mapping that contains an address. */
interface Mapping {
  readonly image: ProcessImage;
  readonly range: MemoryRange;
}
