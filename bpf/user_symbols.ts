/**
 * Names for addresses in processes: from the files they have mapped, and from the perf-map files
 * that just-in-time compilers write.
 *
 * libbcc's symbol cache is not used, because shipped tools run without libbcc; this one also tells
 * file and offset of every address that lies in a file. Files are opened through /proc/PID, so that
 * processes in other mount namespaces, and files deleted meanwhile, are served too.
 *
 * @module
 */

import { demangle } from "../ffi/demangle.ts";
import { ErrnoError, readText } from "../ffi/libc.ts";
import { ElfFunctions } from "./elf_functions.ts";
import type { ResolvedSymbol } from "./symbol.ts";

/** A range of executable memory. */
interface Range {
  readonly start: bigint;
  readonly end: bigint;
  readonly offset: number;
  /** Device and inode, which tell files apart whatever their names in a container. */
  readonly file: string | undefined;
  readonly path: string;
  /** start and end as /proc/PID/map_files spells them. */
  readonly name: string;
}

/** A range of code that a just-in-time compiler has named. */
interface Compiled {
  readonly start: bigint;
  readonly size: bigint;
  readonly name: string;
}

interface Process {
  readonly ranges: readonly Range[];
  compiled?: readonly Compiled[];
}

/** How names are given. */
export interface UserSymbolOptions {
  /** Turn C++ and Rust names into readable ones. Default true. */
  readonly demangle?: boolean;
}

/**
 * Symbols of any number of processes; files are shared between them.
 *
 * A process is looked at when it is asked about first: call `refresh` when it has loaded libraries
 * or called exec since, and `forget` when it is gone, before its number is used again.
 */
export class UserSymbols implements Disposable {
  readonly #processes = new Map<number, Process | undefined>();
  readonly #files = new Map<string, ElfFunctions | undefined>();
  readonly #demangle: boolean;

  constructor(options: UserSymbolOptions = {}) {
    this.#demangle = options.demangle ?? true;
  }

  /** What an address in a process is; undefined when it lies in no file and has no name. */
  resolve(pid: number, address: bigint): ResolvedSymbol | undefined {
    const process = this.#process(pid);
    const range = process?.ranges.find(({ start, end }) => address >= start && address < end);
    if (!process || !range) return undefined;
    if (range.file === undefined) return compiledAt(pid, process, range, address);
    const offset = Number(address - range.start) + range.offset;
    const found = this.#file(pid, range)?.at(offset);
    if (!found) return { name: undefined, offset, module: range.path };
    const name = this.#demangle ? demangle(found.name) : found.name;
    return { name, offset: found.offset, module: range.path };
  }

  /** The build id of the file that an address lies in. */
  buildId(pid: number, address: bigint): string | undefined {
    const range = this.#process(pid)?.ranges.find(({ start, end }) =>
      address >= start && address < end
    );
    return range?.file === undefined ? undefined : this.#file(pid, range)?.buildId;
  }

  /** Looks at a process anew. */
  refresh(pid: number): void {
    this.#processes.set(pid, inspect(pid));
  }

  /** Drops what is known of a process. */
  forget(pid: number): void {
    this.#processes.delete(pid);
  }

  /** Unmaps the files; idempotent. */
  close(): void {
    for (const file of this.#files.values()) file?.[Symbol.dispose]();
    this.#files.clear();
    this.#processes.clear();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  #process(pid: number): Process | undefined {
    if (!this.#processes.has(pid)) this.refresh(pid);
    return this.#processes.get(pid);
  }

  #file(pid: number, range: Range): ElfFunctions | undefined {
    const key = range.file!;
    if (this.#files.has(key)) return this.#files.get(key);
    // map_files needs CAP_CHECKPOINT_RESTORE or CAP_SYS_ADMIN, but reaches deleted files.
    const paths = [`/proc/${pid}/map_files/${range.name}`, `/proc/${pid}/root${range.path}`];
    const file = open(paths);
    this.#files.set(key, file);
    return file;
  }
}

function open(paths: readonly string[]): ElfFunctions | undefined {
  for (const path of paths) {
    try {
      return new ElfFunctions(path);
    } catch (error) {
      if (!(error instanceof ErrnoError || error instanceof RangeError)) throw error;
    }
  }
  return undefined;
}

function text(path: string): string | undefined {
  try {
    return readText(path);
  } catch (error) {
    if (error instanceof ErrnoError) return undefined;
    throw error;
  }
}

/** The executable ranges of /proc/PID/maps; undefined when there is no such process. */
function inspect(pid: number): Process | undefined {
  const maps = text(`/proc/${pid}/maps`);
  if (maps === undefined) return undefined;
  const ranges = maps.split("\n").flatMap((line): Range[] => {
    const fields = /^(\S+)-(\S+) ..(.). (\S+) (\S+) (\d+)\s*(.*)$/.exec(line);
    if (fields?.[3] !== "x") return [];
    const [, start, end, , offset, device, inode, path] = fields as unknown as string[];
    return [{
      start: BigInt(`0x${start}`),
      end: BigInt(`0x${end}`),
      offset: parseInt(offset!, 16),
      file: inode === "0" && !path!.startsWith("[v") ? undefined : `${device} ${inode} ${path}`,
      path: path!.replace(/ \(deleted\)$/, ""),
      name: `${start}-${end}`,
    }];
  });
  return { ranges };
}

/** Looks in the perf-map file, which names memory that no file backs. */
function compiledAt(
  pid: number,
  process: Process,
  range: Range,
  address: bigint,
): ResolvedSymbol | undefined {
  const compiled = process.compiled ??= perfMap(pid);
  const found = compiled.findLast(({ start, size }) => address >= start && address < start + size);
  const module = range.path === "" ? undefined : range.path;
  if (!found) {
    return module === undefined
      ? undefined
      : { name: undefined, offset: Number(address - range.start), module };
  }
  return { name: found.name, offset: Number(address - found.start), module: `perf-${pid}.map` };
}

/** Lines "START SIZE NAME" in hexadecimal; later ones replace earlier ones at the same place. */
function perfMap(pid: number): Compiled[] {
  // The process writes its own number as its PID namespace has it, into its own /tmp.
  const own = /^NSpid:.*\t(\d+)$/m.exec(text(`/proc/${pid}/status`) ?? "")?.[1] ?? pid;
  const lines = text(`/proc/${pid}/root/tmp/perf-${own}.map`)?.split("\n") ?? [];
  return lines.flatMap((line) => {
    const [, start, size, name] = /^(?:0x)?([0-9a-f]+) (?:0x)?([0-9a-f]+) (.+)$/i.exec(line) ?? [];
    return name ? [{ start: BigInt(`0x${start}`), size: BigInt(`0x${size}`), name }] : [];
  });
}
