/**
 * Which implementations of indirect functions a running process uses: the addresses that its
 * dynamic linker wrote into the global offset tables (GOT) of the library and of its callers. No
 * code is run for that, here or there; an address counts only if it points into the library's own
 * code.
 *
 * @module
 */

import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { BpfError } from "../base/errors.ts";
import { type MapLine, readMaps } from "../proc/map_lines.ts";
import { reachablePath } from "../proc/reachable_path.ts";
import { ProcessMemory } from "../proc/process_memory.ts";
import { ElfFile } from "./elf_file.ts";
import { type ElfReader, ifWhole, viewOf } from "./elf_reader.ts";
import { type Relocation, relocations } from "./relocations.ts";

/** A library mapped by the process. */
interface Loaded {
  readonly file: ElfReader;
  readonly parts: readonly MapLine[];
  /** The load bias, added to the file's addresses. */
  readonly bias: bigint;
}

/** The GOT slots of one process that point to functions of one file. */
export class ImplementationTables {
  readonly #file: ElfFile;
  readonly #memory: ProcessMemory;
  readonly #parts: readonly MapLine[];
  /** Mappings of the file: several when it was loaded into several linker namespaces. */
  readonly #loaded: readonly Loaded[];
  /** By resolver address, or by name: the addresses of slots, and their unresolved values. */
  #own: ReadonlyMap<number, readonly Slot[]> | undefined;
  #others: ReadonlyMap<string, readonly Slot[]> | undefined;
  #names: ReadonlyMap<string, number> | undefined;

  /** Reads the process's memory map; slots are read when first needed. */
  constructor(file: ElfFile, pid: number) {
    this.#file = file;
    this.#memory = new ProcessMemory(pid);
    this.#parts = partsOf(pid);
    this.#loaded = loadedFrom(file, partsOfFile(this.#parts, file));
  }

  /** The file offset of the implementation; undefined when no slot has it, or they differ. */
  implementation(name: string, resolver: number): number | undefined {
    if (this.#loaded.length === 0) return undefined;
    const address = this.#file.addressOf(resolver);
    if (address === undefined) return undefined;
    this.#own ??= this.#readOwn();
    const own = this.#chosen(this.#own.get(address) ?? [], address);
    if (own.size > 0) return only(own);
    // A name with several symbol versions may refer to another function.
    this.#names ??= countNames(this.#file);
    if (this.#names.get(name) !== 1) return undefined;
    this.#others ??= this.#readOthers();
    return only(this.#chosen(this.#others.get(name) ?? [], address));
  }

  /** The file offsets that resolved slots point to. */
  #chosen(slots: readonly Slot[], resolver: number): Set<number> {
    const offsets = new Set<number>();
    for (const { at, unbound } of slots) {
      const value = this.#word(at);
      if (value === undefined || value === unbound) continue;
      for (const { parts, bias } of this.#loaded) {
        const part = parts.find(({ start, end, permissions }) =>
          permissions[2] === "x" && value >= start && value < end
        );
        if (!part || value === bias + BigInt(resolver)) continue;
        offsets.add(Number(value - part.start) + part.offset);
      }
    }
    return offsets;
  }

  #word(at: bigint): bigint | undefined {
    try {
      return this.#memory.word(at);
    } catch (error) {
      if (error instanceof BpfError) return undefined;
      throw error;
    }
  }

  /** The library's own slots: unnamed ones belong to a resolver, named ones to its symbol. */
  #readOwn(): Map<number, Slot[]> {
    const slots = new Map<number, Slot[]>();
    for (const relocation of relocations(this.#file)) {
      const address = relocation.resolver ?? relocation.symbol?.address;
      if (!address) continue;
      for (const loaded of this.#loaded) add(slots, address, slotOf(loaded, relocation));
    }
    return slots;
  }

  /** The slots of the program and its other libraries, by the names they import. */
  #readOthers(): Map<string, Slot[]> {
    const slots = new Map<string, Slot[]>();
    const mine = new Set(this.#loaded.flatMap(({ parts }) => parts));
    const files = Map.groupBy(
      this.#parts,
      ({ device, inode, path }) => `${device} ${inode} ${path}`,
    );
    for (const parts of files.values()) {
      if (!parts.some(({ permissions }) => permissions[2] === "x") || mine.has(parts[0]!)) continue;
      try {
        using file = new ElfFile(reachablePath(this.#memory.pid, parts[0]!));
        for (const loaded of loadedFrom(file, parts)) {
          for (const relocation of relocations(file)) {
            const name = relocation.symbol?.name;
            if (name) add(slots, name, slotOf(loaded, relocation));
          }
        }
      } catch (error) {
        if (!(error instanceof ErrnoError || error instanceof RangeError)) throw error;
      }
    }
    return slots;
  }
}

/** A word of the process that holds an implementation's address once it is bound. */
interface Slot {
  readonly at: bigint;
  /** Its value before that: the address of the lazy binding stub. */
  readonly unbound: bigint;
}

/** The slot of a relocation; undefined where it is outside the library's memory. */
function slotOf({ file, parts, bias }: Loaded, { address }: Relocation): Slot | undefined {
  const at = bias + BigInt(address);
  if (!parts.some(({ start, end }) => at >= start && at + 8n <= end)) return undefined;
  const offset = file.offsetOf(address);
  const first = offset === undefined ? undefined : ifWhole(() => viewOf(file.read(offset, 8)));
  return { at, unbound: bias + (first?.getBigUint64(0, true) ?? 0n) };
}

function add<K>(slots: Map<K, Slot[]>, key: K, slot: Slot | undefined): void {
  if (!slot) return;
  const known = slots.get(key);
  if (known) known.push(slot);
  else slots.set(key, [slot]);
}

const only = (offsets: ReadonlySet<number>) => offsets.size === 1 ? [...offsets][0] : undefined;

function partsOf(pid: number): MapLine[] {
  try {
    return readMaps(pid, { all: true }).filter(({ path }) => path.startsWith("/"));
  } catch (error) {
    if (error instanceof ErrnoError) return [];
    throw error;
  }
}

/** The mappings of a file; on overlayfs and btrfs two device numbers are possible. */
function partsOfFile(parts: readonly MapLine[], { status }: ElfFile): MapLine[] {
  const same = parts.filter(({ inode }) => inode === String(status.inode));
  const exact = same.filter(({ device }) => device === status.device);
  return exact.length > 0 || new Set(same.map(({ device }) => device)).size > 1 ? exact : same;
}

/** The file's images in memory, by load bias. */
function loadedFrom(file: ElfReader, parts: readonly MapLine[]): Loaded[] {
  const biases = new Set<bigint>();
  for (const { start, end, offset, permissions } of parts) {
    if (permissions[2] !== "x") continue;
    const size = Number(end - start);
    // A page at the border of two segments is mapped by both: the larger one decides.
    const [segment] = file.segments.filter(({ type }) => type === PT_LOAD)
      .map((each) => ({
        each,
        shared: Math.min(each.offset + each.size, offset + size) - Math.max(each.offset, offset),
      }))
      .filter(({ shared }) => shared > 0)
      .sort((a, b) => b.shared - a.shared);
    if (segment) biases.add(start + BigInt(segment.each.offset - offset - segment.each.address));
  }
  return [...biases].map((bias) => ({ file, parts, bias }));
}

const PT_LOAD = 1;

/** How many functions of a file have that name: symbol versions make several. */
function countNames(file: ElfFile): Map<string, number> {
  const offsets = new Map<string, Set<number>>();
  for (const { name, offset } of file.functions()) {
    const known = offsets.get(name);
    if (known) known.add(offset);
    else offsets.set(name, new Set([offset]));
  }
  return new Map(Array.from(offsets, ([name, { size }]) => [name, size]));
}
