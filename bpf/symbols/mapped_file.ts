/**
 * The files mapped executable by a process: from symbols to addresses in it, and back to file
 * offsets, which uprobes take.
 *
 * @module
 */

import { ElfFile } from "../elf/elf_file.ts";
import { readMaps, withoutDeleted } from "../proc/map_lines.ts";
import { reachablePath } from "../proc/reachable_path.ts";

/** A mapped part of a file. */
interface Range {
  readonly start: bigint;
  readonly end: bigint;
  readonly offset: number;
}

/** Creates a {@linkcode MappedFile}; the constructor is private, so its parameters are no API. */
export let newMappedFile: (
  ...made: [name: string, path: string, ranges: readonly Range[]]
) => MappedFile;

/** A program or library in a process's memory. */
export class MappedFile {
  /** The path as the process sees it. */
  readonly name: string;
  /**
   * A path by which this process opens the same file, whatever its mount namespace, even if
   * deleted.
   */
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

  /** The file offset of a function; undefined when there is none of that name. */
  functionOffset(name: string): number | undefined {
    using file = new ElfFile(this.path);
    return file.function(name)?.offset;
  }

  /** The address of a variable in the process; undefined when there is none of that name. */
  variableAddress(name: string): bigint | undefined {
    using file = new ElfFile(this.path);
    const address = file.variable(name);
    const first = this.#ranges.find(({ offset }) => offset === 0);
    return address === undefined || !first ? undefined : first.start + BigInt(address - file.base);
  }

  /** The name of the variable that contains an address in the process; undefined for none. */
  variableName(address: bigint): string | undefined {
    const first = this.#ranges.find(({ offset }) => offset === 0);
    if (!first || address < first.start) return undefined;
    using file = new ElfFile(this.path);
    return file.variableAt(Number(address - first.start) + file.base);
  }

  /** The file offset of an address in the process; undefined outside this file. */
  offsetOf(address: bigint): number | undefined {
    const range = this.#ranges.find(({ start, end }) => address >= start && address < end);
    return range && Number(address - range.start) + range.offset;
  }
}

/**
 * The files that a process has mapped executable, usually its program first.
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
