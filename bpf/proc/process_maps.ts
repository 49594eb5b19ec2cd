/**
 * The executable memory of a process: what files it has mapped where.
 *
 * @module
 */

import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { parseMaps, readMapLines, withoutDeleted } from "./map_lines.ts";
import { RangeIndex } from "./range_index.ts";
import { isVdso } from "./vdso.ts";

/** A range of executable memory. */
export interface MemoryRange {
  readonly start: bigint;
  readonly end: bigint;
  readonly offset: number;
  /** Device, inode and path: these identify a file whatever its name in a container. */
  readonly file: string | undefined;
  readonly inode: string;
  readonly path: string;
  /** The time of the mapping on the clock of `bpf_ktime_get_ns`; 0 for one found at the start. */
  readonly since: number;
}

/** Whether it is anonymous or shared memory: JIT compilers may map the latter twice. */
const CODE_PATH = /^(\[(anon|heap)|\/(dev\/zero|memfd:|SYSV|anon_hugepage)|$)/;

/** Whether a range may contain code made by a JIT compiler. */
export const isCode = ({ path }: { readonly path: string }): boolean => CODE_PATH.test(path);

/** The executable memory of a process from one exec to the next. */
export class Memory {
  /** Whether there was memory for JIT-compiled code when it was first read. */
  readonly hasCode: boolean;
  #index: RangeIndex<MemoryRange> | undefined;
  readonly #find: () => readonly MemoryRange[];
  /** The first bytes of mapped files, executable or not: for text moved to anonymous memory. */
  readonly #images: readonly MemoryRange[];
  /** File ranges that were mapped over by ranges without a file. */
  #covered: MemoryRange[] = [];

  /**
   * @param find returns the initial ranges; called when the first one is needed
   * @param images the starts of mapped files, if there is memory for JIT-compiled code
   */
  constructor(find: () => readonly MemoryRange[] = () => [], images?: readonly MemoryRange[]) {
    this.#find = find;
    this.#images = images ?? [];
    this.hasCode = images !== undefined;
  }

  /** The ranges in the order they were mapped. */
  get ranges(): MemoryRange[] {
    return this.#known.ranges;
  }

  /**
   * Adds a range. A known one stays: JIT compilers toggle theirs between writable and executable.
   */
  add(range: MemoryRange): void {
    if (this.has(range)) return;
    const there = this.rangeAt(range.start);
    if (there?.file !== undefined && isCode(range)) this.#covered.push(there);
    this.#known.add(range);
  }

  /** Whether that range was the last to be mapped where it begins. */
  has({ start, end, file }: MemoryRange): boolean {
    const there = this.rangeAt(start);
    return there?.start === start && there.end === end && there.file === file;
  }

  /** The file range at an address that was mapped over by a range without a file. */
  coveredAt(address: bigint): MemoryRange | undefined {
    return this.#covered.findLast(({ start, end }) => address >= start && address < end);
  }

  /** The start of the file mapped last before an address. */
  imageBefore(address: bigint): MemoryRange | undefined {
    return this.#images.findLast(({ start }) => start <= address);
  }

  /** The range that contains an address: the last one mapped there up to that time. */
  rangeAt(address: bigint, time: number = Infinity): MemoryRange | undefined {
    return (this.#index ?? this.#known).at(address, time);
  }

  /** A copy for a forked process. */
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

/** Makes a range. Anonymous memory has inode 0; the kernel's own mappings have names. */
export function rangeOf(range: Omit<MemoryRange, "file"> & { device: string }): MemoryRange {
  const { start, end, offset, device, inode, since } = range;
  const isFile = inode !== "0" || isVdso(range);
  const file = isFile ? `${device} ${inode} ${range.path}` : undefined;
  const path = range.path === "//anon" ? "" : withoutDeleted(range.path);
  return { start, end, offset, file, inode, path, since };
}

/** Whether it has no file, one that is on no disk (device 00:NN), or a deleted one. */
const CODE_LINE =
  /^\S+ \S+ (\S+ 00:\S+ \d+ *(\[(anon|heap)|\/(dev\/zero|memfd:|SYSV|anon_hugepage)|$)|.* \(deleted\)$)/;
/** Whether it maps the beginning of a file. */
const IMAGE_LINE = /^\S+ \S+ 0+ \S+ [1-9]/;

/** The current memory of a process from /proc/PID/maps; undefined when there is no such process. */
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
