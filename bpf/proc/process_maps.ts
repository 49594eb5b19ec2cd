/**
 * The executable memory of a process: what files it has mapped where, and what a just-in-time
 * compiler has put beside them.
 *
 * @module
 */

import { ErrnoError, readText } from "../../ffi/libc/libc.ts";
import { parseMaps, readMapLines, withoutDeleted } from "./map_lines.ts";
import { RangeIndex } from "./range_index.ts";

/** A range of executable memory. */
export interface MemoryRange {
  readonly start: bigint;
  readonly end: bigint;
  readonly offset: number;
  /** Device, inode and path: files are told apart whatever their names in a container. */
  readonly file: string | undefined;
  readonly inode: string;
  readonly path: string;
  /** When it was mapped, as `bpf_ktime_get_ns` tells; 0 when it was found. */
  readonly since: number;
}

/** A range of code that a just-in-time compiler has named. */
export interface Compiled {
  readonly start: bigint;
  readonly size: bigint;
  readonly name: string;
}

/** A process's memory from one exec to the next. */
export class Memory {
  compiled?: readonly Compiled[];
  #index: RangeIndex<MemoryRange> | undefined;
  readonly #find: () => readonly MemoryRange[];

  /** @param find the ranges there are at first; it is called when one is asked for */
  constructor(find: () => readonly MemoryRange[] = () => []) {
    this.#find = find;
  }

  /** In the order they were mapped. */
  get ranges(): MemoryRange[] {
    return this.#known.ranges;
  }

  /** Adds a range. One that is there stays: compilers make theirs writable and back all the time. */
  add(range: MemoryRange): void {
    const there = this.rangeAt(range.start);
    const isSame = there?.start === range.start && there.end === range.end &&
      there.file === range.file;
    if (!isSame) this.#known.add(range);
  }

  /** The range an address lies in: the last that was mapped there before that time. */
  rangeAt(address: bigint, time: number = Infinity): MemoryRange | undefined {
    return this.#known.at(address, time);
  }

  /** What a process has that is forked from this one. */
  fork(): Memory {
    const child = new Memory();
    child.#index = this.#known.copy();
    return child;
  }

  get #known(): RangeIndex<MemoryRange> {
    return this.#index ??= new RangeIndex(this.#find());
  }
}

/** Makes a range. Memory without a file has inode 0, but the kernel's own parts have names. */
export function rangeOf(range: Omit<MemoryRange, "file"> & { device: string }): MemoryRange {
  const { start, end, offset, device, inode, since } = range;
  const isFile = inode !== "0" || range.path.startsWith("[v");
  const file = isFile ? `${device} ${inode} ${range.path}` : undefined;
  const path = range.path === "//anon" ? "" : withoutDeleted(range.path);
  return { start, end, offset, file, inode, path, since };
}

/** The memory of a process as /proc/PID/maps has it now; undefined when there is no such process. */
export function readMemory(pid: number): Memory | undefined {
  try {
    const lines = readMapLines(pid);
    return new Memory(() => parseMaps(lines).map((line) => rangeOf({ ...line, since: 0 })));
  } catch (error) {
    if (error instanceof ErrnoError) return undefined;
    throw error;
  }
}

/**
 * What a just-in-time compiler wrote into its perf-map file: lines "START SIZE NAME" in hexadecimal;
 * later ones replace earlier ones at the same place.
 */
export function perfMap(pid: number): Compiled[] {
  // The process writes its own number as its PID namespace has it, into its own /tmp.
  const own = /^NSpid:.*\t(\d+)$/m.exec(text(`/proc/${pid}/status`) ?? "")?.[1] ?? pid;
  // The file outlives the process.
  const found = text(`/proc/${pid}/root/tmp/perf-${own}.map`) ?? text(`/tmp/perf-${pid}.map`);
  return found?.split("\n").flatMap((line) => {
    const [, start, size, name] = /^(?:0x)?([0-9a-f]+) (?:0x)?([0-9a-f]+) (.+)$/i.exec(line) ?? [];
    return name ? [{ start: BigInt(`0x${start}`), size: BigInt(`0x${size}`), name }] : [];
  }) ?? [];
}

function text(path: string): string | undefined {
  try {
    return readText(path);
  } catch (error) {
    if (error instanceof ErrnoError) return undefined;
    throw error;
  }
}
