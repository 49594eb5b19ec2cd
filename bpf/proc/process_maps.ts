/**
 * The executable memory of a process: what files it has mapped where.
 *
 * @module
 */

import { ErrnoError } from "../../ffi/libc/errno_error.ts";
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

/** Memory without a file, and files of shared memory: compilers may map those twice. */
const CODE_PATH = /^(\[(anon|heap)|\/(dev\/zero|memfd:|SYSV|anon_hugepage)|$)/;

/** Whether a compiler may have made what is in a range. */
export const isCode = ({ path }: { readonly path: string }): boolean => CODE_PATH.test(path);

/** A process's memory from one exec to the next. */
export class Memory {
  /** Whether a compiler may have put code into it, as it was found. */
  readonly hasCode: boolean;
  #index: RangeIndex<MemoryRange> | undefined;
  readonly #find: () => readonly MemoryRange[];
  /** Where files begin that are mapped, executable or not: for text that was moved. */
  readonly #images: readonly MemoryRange[];
  /** Ranges of files that others without a file were put over. */
  #covered: MemoryRange[] = [];

  /**
   * @param find the ranges there are at first; it is called when one is asked for
   * @param images where files begin, when there is memory that a compiler may have put code into
   */
  constructor(find: () => readonly MemoryRange[] = () => [], images?: readonly MemoryRange[]) {
    this.#find = find;
    this.#images = images ?? [];
    this.hasCode = images !== undefined;
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
    if (isSame) return;
    if (there?.file !== undefined && isCode(range)) this.#covered.push(there);
    this.#known.add(range);
  }

  /** The range of a file that another without a file was put over, at an address. */
  coveredAt(address: bigint): MemoryRange | undefined {
    return this.#covered.findLast(({ start, end }) => address >= start && address < end);
  }

  /** Where the file begins, in memory, that is the last one found in front of an address. */
  imageBefore(address: bigint): MemoryRange | undefined {
    return this.#images.findLast(({ start }) => start <= address);
  }

  /** The range an address lies in: the last that was mapped there before that time. */
  rangeAt(address: bigint, time: number = Infinity): MemoryRange | undefined {
    return this.#known.at(address, time);
  }

  /** What a process has that is forked from this one. */
  fork(): Memory {
    const child = new Memory(undefined, this.hasCode ? this.#images : undefined);
    child.#index = this.#known.copy();
    child.#covered = this.#covered.slice();
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

/** Memory of no file, of one that is on no disk (all of those have a device 00:NN), or is gone. */
const CODE_LINE =
  /^\S+ \S+ (\S+ 00:\S+ \d+ *(\[(anon|heap)|\/(dev\/zero|memfd:|SYSV|anon_hugepage)|$)|.* \(deleted\)$)/;
/** The beginning of a file. */
const IMAGE_LINE = /^\S+ \S+ 0+ \S+ [1-9]/;

/** The memory of a process as /proc/PID/maps has it now; undefined when there is no such process. */
export function readMemory(pid: number): Memory | undefined {
  try {
    const lines = readMapLines(pid);
    const ranges = (lines: readonly string[]) =>
      parseMaps(lines).map((line) => rangeOf({ ...line, since: 0 }));
    const hasCode = lines.some((line) => CODE_LINE.test(line));
    const images = hasCode
      ? readMapLines(pid, { all: true }).filter((line) => IMAGE_LINE.test(line))
      : undefined;
    return new Memory(() => ranges(lines), images && ranges(images));
  } catch (error) {
    if (error instanceof ErrnoError) return undefined;
    throw error;
  }
}
