/**
 * The executable memory of a process: what files it has mapped where, and what a just-in-time
 * compiler has put beside them.
 *
 * @module
 */

import { ErrnoError, readText } from "../../ffi/libc/libc.ts";

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
  #ranges: MemoryRange[] | undefined;
  readonly #find: () => MemoryRange[];

  /** @param find the ranges there are at first; it is called when one is asked for */
  constructor(find: () => MemoryRange[] = () => []) {
    this.#find = find;
  }

  /** In the order they were mapped. */
  get ranges(): MemoryRange[] {
    return this.#ranges ??= this.#find();
  }

  /** Adds a range. One that is there stays: compilers make theirs writable and back all the time. */
  add(range: MemoryRange): void {
    const there = this.rangeAt(range.start);
    const isSame = there?.start === range.start && there.end === range.end &&
      there.file === range.file;
    if (!isSame) this.ranges.push(range);
  }

  /** The range an address lies in: the last that was mapped there before that time. */
  rangeAt(address: bigint, time: number = Infinity): MemoryRange | undefined {
    const isThere = ({ start, end }: MemoryRange) => address >= start && address < end;
    return this.ranges.findLast((range) => range.since <= time && isThere(range)) ??
      this.ranges.find(isThere);
  }
}

/** Makes a range. Memory without a file has inode 0, but the kernel's own parts have names. */
export function rangeOf(range: Omit<MemoryRange, "file"> & { device: string }): MemoryRange {
  const { device, ...rest } = range;
  const isFile = range.inode !== "0" || range.path.startsWith("[v");
  const file = isFile ? `${device} ${range.inode} ${range.path}` : undefined;
  return { ...rest, file, path: range.path.replace(/ \(deleted\)$|^\/\/anon$/, "") };
}

/** The memory of a process as /proc/PID/maps has it now; undefined when there is no such process. */
export function readMemory(pid: number): Memory | undefined {
  const maps = text(`/proc/${pid}/maps`);
  return maps === undefined ? undefined : new Memory(() => parseMaps(maps));
}

function parseMaps(maps: string): MemoryRange[] {
  return maps.split("\n").flatMap((line): MemoryRange[] => {
    const fields = /^(\S+)-(\S+) ..(.). (\S+) (\S+) (\d+)\s*(.*)$/.exec(line);
    if (fields?.[3] !== "x") return [];
    const [, start, end, , offset, device, inode, path] = fields as unknown as string[];
    return [rangeOf({
      start: BigInt(`0x${start}`),
      end: BigInt(`0x${end}`),
      offset: parseInt(offset!, 16),
      device: device!,
      inode: inode!,
      path: path!,
      since: 0,
    })];
  });
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
