/**
 * Attaching to functions of programs and shared libraries.
 *
 * @module
 */

import { Errno } from "../../ffi/errno.ts";
import { ErrnoError, exists, readText } from "../../ffi/libc.ts";
import { cString } from "../../ffi/memory.ts";
import { attachToPerfEvent } from "../../ffi/perf_event.ts";
import { runtime } from "../../ffi/runtime.ts";
import { permissionReason, UnsupportedError } from "../errors.ts";
import type { Link } from "../link.ts";
import { type Attachable, attachError, type Explain, linkOf } from "./attachment.ts";
import { ElfFile } from "./elf_symbol.ts";
import { implementationOffset } from "./indirect.ts";
import { libraryPath } from "./library_path.ts";

/** Where in which file to attach; one of `path` and `library` is needed. */
export interface UprobeOptions {
  /** The program or library file: an absolute path. */
  readonly path?: string;
  /** A shared library by its short name: `c` for libc.so.6; with `pid` the one it has mapped. */
  readonly library?: string;
  /** The function's symbol. */
  readonly symbol?: string;
  /** A virtual address of the file, as `nm` and `objdump` print it, instead of a symbol. */
  readonly address?: number;
  /** Bytes into the function or from the address; without both, into the file. Default 0. */
  readonly offset?: number;
  /** Attach to the function's return instead of its entry. */
  readonly atReturn?: boolean;
  /** Only this process; default all processes, also those started later. */
  readonly pid?: number;
}

const PMU = "/sys/bus/event_source/devices/uprobe";
const ALL_PROCESSES = -1;
const ANY_CPU = -1;

/**
 * Attaches a kprobe-type program to a user function.
 *
 * A function that the dynamic linker chooses at run time (an IFUNC, such as glibc's strlen) is
 * reached in the implementation that this machine uses.
 *
 * Needs Linux >= 4.17 (perf's uprobe PMU).
 */
export function attachUprobe(program: Attachable, options: UprobeOptions): Link {
  const { atReturn = false, pid } = options;
  const kind = atReturn ? "uretprobe" : "uprobe";
  const where = `${kind} ${describe(options)}`;
  const action = `attach program "${program.name}" to ${where}`;
  const explain: Explain = (errno) => {
    if (errno === Errno.ENOENT) return "the file or the symbol does not exist";
    if (errno === Errno.ESRCH) return `process ${pid} does not exist`;
    if (errno === Errno.EPERM || errno === Errno.EACCES) return permissionReason();
    return undefined;
  };
  let place: { path: string; offset: number };
  try {
    place = findPlace(options, action);
  } catch (error) {
    if (error instanceof ErrnoError) throw attachError(program, where, error.errno, explain);
    throw error;
  }
  const fd = openUprobe(program, place.path, place.offset, atReturn, pid, action);
  return linkOf(program, where, fd, explain);
}

function openUprobe(
  program: Attachable,
  path: string,
  offset: number,
  atReturn: boolean,
  pid: number | undefined,
  action: string,
): number {
  const type = uprobeType(action);
  const name = cString(path);
  const event = {
    type,
    config: atReturn ? returnFlag() : 0n,
    config1: runtime.addressOf(name),
    config2: BigInt(offset),
  };
  const fd = program.fd("KPROBE");
  const result = pid === undefined
    ? attachToPerfEvent(fd, event, ALL_PROCESSES, 0)
    : attachToPerfEvent(fd, event, pid, ANY_CPU);
  void name.length; // alive until the kernel has read the path
  return result;
}

/** The type of perf events that are uprobes. @throws {UnsupportedError} when there are none */
export function uprobeType(action: string): number {
  if (exists(PMU)) return Number(readText(`${PMU}/type`));
  throw new UnsupportedError(action, "uprobes", "this kernel has no uprobes", "4.17");
}

/** The bit of `config` that asks for the return: the kernel says which in "config:0". */
function returnFlag(): bigint {
  const bit = /config:(\d+)/.exec(readText(`${PMU}/format/retprobe`))?.[1];
  return 1n << BigInt(bit ?? 0);
}

function findPlace(options: UprobeOptions, action: string): { path: string; offset: number } {
  const { symbol, address, offset = 0 } = options;
  const path = findFile(options, action);
  if (symbol !== undefined && address !== undefined) {
    throw new TypeError(`Cannot ${action}: expected a symbol or an address, found both`);
  }
  if (symbol === undefined && address === undefined) return { path, offset };
  using file = new ElfFile(path);
  if (symbol === undefined) {
    const start = file.offsetOf(address!);
    if (start === undefined) {
      throw new RangeError(`Cannot ${action}: no code of the file is loaded at that address`);
    }
    return { path, offset: start + offset };
  }
  const found = file.function(symbol);
  if (!found) throw new ErrnoError(action, Errno.ENOENT);
  const start = found.indirect ? implementationOffset(path, symbol) : found.offset;
  if (start === undefined) {
    throw new TypeError(
      `Cannot ${action}: "${symbol}" is an indirect function, and which implementation is used ` +
        "cannot be asked here, because this process does not use that file: name the " +
        "implementation by its symbol or address",
    );
  }
  return { path, offset: start + offset };
}

function findFile({ path, library, pid }: UprobeOptions, action: string): string {
  if ((path === undefined) === (library === undefined)) {
    const found = path === undefined ? "neither" : "both";
    throw new TypeError(`Cannot ${action}: expected a path or a library, found ${found}`);
  }
  const file = path ?? libraryPath(library!, pid);
  if (file !== undefined) return file;
  throw new TypeError(
    `Cannot ${action}: the dynamic linker knows no lib${library}.so: ` +
      "list what it knows with ldconfig -p, or give a path",
  );
}

function describe({ path, library, symbol, address, offset = 0 }: UprobeOptions): string {
  const hex = (value: number) => `0x${value.toString(16)}`;
  const place = symbol ?? (address === undefined ? "" : hex(address));
  const shift = offset || !place ? `+${hex(offset)}` : "";
  return `${path ?? `lib${library}`}:${place}${shift}`;
}
