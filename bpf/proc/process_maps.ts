/**
 * The executable memory of a process: what files it has mapped where, and what a just-in-time
 * compiler has put beside them.
 *
 * @module
 */

import { ErrnoError, readText } from "../../ffi/libc/libc.ts";
import { bufferText } from "../../ffi/libc/memory.ts";
import { parseMaps, readMapLines, withoutDeleted } from "./map_lines.ts";
import { openForeignIfAny, ownersFor } from "./open_foreign.ts";
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

/** Larger ones are not read: 300,000 functions take 20 MB. */
const MAX_PERF_MAP_BYTES = 2 ** 26;

/**
 * What a just-in-time compiler wrote into its perf-map file: lines "START SIZE NAME" in hexadecimal;
 * later ones replace earlier ones at the same place. Anybody may put something else at that place: a
 * file is believed if it is the process's user's, or root's.
 */
export function perfMap(pid: number): Compiled[] {
  // The process writes its own number as its PID namespace has it, into its own /tmp.
  const own = /^NSpid:.*\t(\d+)$/m.exec(statusOf(pid))?.[1] ?? pid;
  const owners = ownersFor(pid);
  const open = (path: string) =>
    openForeignIfAny(path, { owners, noLinks: true, maxSize: MAX_PERF_MAP_BYTES });
  // The file outlives the process.
  using file = open(`/proc/${pid}/root/tmp/perf-${own}.map`) ?? open(`/tmp/perf-${pid}.map`);
  return file === undefined ? [] : parsePerfMap(bufferText(file.readUpTo(0, file.size)));
}

function parsePerfMap(text: string): Compiled[] {
  return text.split("\n").flatMap((line) => {
    const [, start, size, name] = /^(?:0x)?([0-9a-f]+) (?:0x)?([0-9a-f]+) (.+)$/i.exec(line) ?? [];
    return name ? [{ start: BigInt(`0x${start}`), size: BigInt(`0x${size}`), name }] : [];
  });
}

function statusOf(pid: number): string {
  try {
    return readText(`/proc/${pid}/status`);
  } catch (error) {
    if (error instanceof ErrnoError) return "";
    throw error;
  }
}
