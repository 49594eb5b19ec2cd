/**
 * The files whose code a process has mapped: from symbols to addresses in it, and back to offsets
 * in the file, which is where uprobes are set.
 *
 * @module
 */

import { ElfFile } from "../elf/elf_file.ts";
import { readMaps, withoutDeleted } from "../proc/map_lines.ts";
import { reachablePath } from "../proc/reachable_path.ts";

/** A part of a file in memory. */
interface Range {
  readonly start: bigint;
  readonly end: bigint;
  readonly offset: number;
}

/** Makes a {@linkcode MappedFile}: its constructor is private, so what it takes may change. */
export let newMappedFile: (
  ...made: [name: string, path: string, ranges: readonly Range[]]
) => MappedFile;

/** A program or library in a process's memory. */
export class MappedFile {
  /** As the process sees it. */
  readonly name: string;
  /** By which this process opens the same file, whatever its mount namespace, and if it is deleted. */
  readonly path: string;
  readonly #ranges: readonly Range[];

  /** Made by {@linkcode mappedFiles}. */
  private constructor(name: string, path: string, ranges: readonly Range[]) {
    this.name = name;
    this.path = path;
    this.#ranges = ranges;
  }

  static {
    newMappedFile = (...made) => new MappedFile(...made);
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

  /** The name of the variable that an address in the process belongs to; undefined when none does. */
  variableName(address: bigint): string | undefined {
    const first = this.#ranges.find(({ offset }) => offset === 0);
    if (!first || address < first.start) return undefined;
    using file = new ElfFile(this.path);
    return file.variableAt(Number(address - first.start) + file.base);
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
  const files = readMaps(pid, { all: true }).filter(({ path }) => path.startsWith("/"));
  const byFile = Map.groupBy(files, ({ device, inode, path }) => `${device} ${inode} ${path}`);
  return [...byFile.values()].flatMap((parts) => {
    const first = parts[0]!;
    if (!parts.some(({ permissions }) => permissions[2] === "x")) return [];
    return [newMappedFile(withoutDeleted(first.path), reachablePath(pid, first), parts)];
  });
}
