/**
 * The files whose code a process has mapped: from symbols to addresses in it, and back to offsets
 * in the file, which is where uprobes are set.
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { ErrnoError, exists, readText } from "../../ffi/libc/libc.ts";
import { ElfFile } from "../elf/elf_file.ts";

/** A part of a file in memory. */
interface Range {
  readonly start: bigint;
  readonly end: bigint;
  readonly offset: number;
}

/** A program or library in a process's memory. */
export class MappedFile {
  /** As the process sees it. */
  readonly name: string;
  /** By which this process opens the same file, whatever its mount namespace, and if it is deleted. */
  readonly path: string;
  readonly #ranges: readonly Range[];

  /** Made by {@linkcode mappedFiles}. */
  constructor(name: string, path: string, ranges: readonly Range[]) {
    this.name = name;
    this.path = path;
    this.#ranges = ranges;
  }

  /** The offset in the file of the function of that name; undefined when it has none. */
  functionOffset(name: string): number | undefined {
    using file = new ElfFile(this.path);
    return file.function(name)?.offset;
  }

  /** The address in the process of the variable of that name; undefined when it has none. */
  variableAddress(name: string): bigint | undefined {
    using file = new ElfFile(this.path);
    const address = file.variable(name);
    const first = this.#ranges.find(({ offset }) => offset === 0);
    return address === undefined || !first ? undefined : first.start + BigInt(address - file.base);
  }

  /** The offset in the file of an address in the process; undefined when it lies elsewhere. */
  offsetOf(address: bigint): number | undefined {
    const range = this.#ranges.find(({ start, end }) => address >= start && address < end);
    return range && Number(address - range.start) + range.offset;
  }
}

/**
 * The files of which a process has executable parts mapped, its program first as a rule.
 *
 * @throws {ErrnoError} with code `ESRCH` when there is no such process
 */
export function mappedFiles(pid: number): MappedFile[] {
  const maps = mapsOf(pid);
  const byFile = Map.groupBy(maps, ({ key }) => key);
  return [...byFile.values()].flatMap((parts) => {
    const { path, range } = parts[0]!;
    if (!parts.some(({ executable }) => executable)) return [];
    // map_files has all of them, but needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN. A file that is
    // deleted is only there, and one of a process that has changed its root, but not its mounts.
    const beside = `/proc/${pid}/root${path}`;
    const reachable = exists(beside) ? beside : `/proc/${pid}/map_files/${range}`;
    return [new MappedFile(path.replace(/ \(deleted\)$/, ""), reachable, parts)];
  });
}

/** The lines of /proc/PID/maps that belong to files: proc_pid_maps(5). */
function mapsOf(pid: number) {
  if (!exists(`/proc/${pid}`)) {
    throw new ErrnoError(`list the files of process ${pid}`, Errno.ESRCH);
  }
  return readText(`/proc/${pid}/maps`).split("\n").flatMap((line) => {
    const fields = /^(\S+)-(\S+) ..(.). (\S+) (\S+ \d+)\s+(\/.*)$/.exec(line);
    if (!fields) return [];
    const [, start, end, execute, offset, file, path] = fields as unknown as string[];
    return [{
      start: BigInt(`0x${start}`),
      end: BigInt(`0x${end}`),
      offset: parseInt(offset!, 16),
      executable: execute === "x",
      key: `${file} ${path}`,
      path: path!,
      range: `${start}-${end}`,
    }];
  });
}
