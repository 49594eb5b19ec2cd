/**
 * USDT probes: static probes that authors place in their programs (`DTRACE_PROBE`, `sys/sdt.h`),
 * listed by file or by process.
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { libraryPath, pathIn } from "../proc/library_path.ts";
import { type MapLine, readMaps } from "../proc/map_lines.ts";
import { reachablePath } from "../proc/reachable_path.ts";
import { BpfError, permissionReason } from "../base/errors.ts";
import { fileProbes, type UsdtProbe } from "./usdt_notes.ts";

/** Where to look for probes: at least one of these; `path` and `library` exclude each other. */
export interface UsdtSource {
  /** The program or library file: an absolute path, with `pid` as that process sees it. */
  readonly path?: string;
  /** A shared library by its short name: `ruby-3.1`; with `pid` the one it has mapped. */
  readonly library?: string;
  /** This process only; alone: the program and the libraries it has mapped. */
  readonly pid?: number;
}

/** Which probe. */
export interface UsdtOptions extends UsdtSource {
  /** The provider; may be omitted if the name contains it or only one provider has that name. */
  readonly provider?: string;
  /** The probe's name, or `provider:name`. */
  readonly name: string;
}

const MOST_NAMES = 20;

/**
 * Lists the USDT probes of a file, or of the files that a process has mapped; needs no library.
 *
 * @throws {BpfError} when the file or process cannot be read
 * @throws {RangeError} when the file is no program or library
 */
export function usdtProbes(source: UsdtSource): UsdtProbe[] {
  return probesOf(source, `list the USDT probes of ${describeSource(source)}`);
}

/**
 * The probe of that name; several when several files of a process define it.
 *
 * @param action continues the sentence "Cannot …"
 * @throws {BpfError} listing the probes that exist
 */
export function findProbes(options: UsdtOptions, action: string): UsdtProbe[] {
  const [provider, name] = splitName(options);
  const all = probesOf(options, action);
  const found = all.filter((probe) =>
    probe.name === name && (provider === undefined || probe.provider === provider)
  );
  const names = (probes: UsdtProbe[]) => [
    ...new Set(probes.map((probe) => `${probe.provider}:${probe.name}`)),
  ];
  if (found.length === 0) {
    const reason = `${describeSource(options)} has ${listed(names(all))}`;
    throw new BpfError("attach", action, Errno.ENOENT, reason);
  }
  const same = names(found);
  if (same.length === 1) return found;
  throw new TypeError(`Cannot ${action}: expected the provider too: it is one of ${listed(same)}`);
}

/** The probe for messages: `USDT probe app:request of "/usr/bin/app"`. */
export function describeProbe(options: UsdtOptions): string {
  return `USDT probe ${probeName(options)} of ${describeSource(options)}`;
}

/** `provider:name`, or the name alone when no provider is given. */
export function probeName(options: UsdtOptions): string {
  return splitName(options).filter((part) => part !== undefined).join(":");
}

function splitName({ provider, name }: UsdtOptions): [provider: string | undefined, name: string] {
  const [, first, rest] = provider === undefined ? /^([^:]*):(.*)$/.exec(name) ?? [] : [];
  return rest === undefined ? [provider, name] : [first, rest];
}

function describeSource({ path, library, pid }: UsdtSource): string {
  const file = path !== undefined ? `"${path}"` : library !== undefined ? `library ${library}` : "";
  const process = pid !== undefined ? `process ${pid}` : "";
  return [file, process].filter((part) => part !== "").join(" of ");
}

function listed(names: readonly string[]): string {
  if (names.length === 0) return "no USDT probes";
  const more = names.length - MOST_NAMES;
  return names.slice(0, MOST_NAMES).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

function probesOf(source: UsdtSource, action: string): UsdtProbe[] {
  const { path, library, pid } = source;
  if (path !== undefined && library !== undefined) {
    throw new TypeError(`Cannot ${action}: expected a path or a library, found both`);
  }
  if (path === undefined && library === undefined && pid === undefined) {
    throw new TypeError(`Cannot ${action}: expected a path, a library or a pid, found none`);
  }
  try {
    if (path === undefined && library === undefined) return processProbes(pid!);
    const file = path === undefined ? libraryPath(library!, pid) : pathIn(pid, path);
    if (file !== undefined) return fileProbes(file);
  } catch (error) {
    if (error instanceof RangeError) {
      throw new RangeError(`Cannot ${action}: it is not a 64 bit ELF file, or corrupt`);
    }
    if (!(error instanceof ErrnoError)) throw error;
    const reason = error.reason ?? explain(error.errno, pid);
    throw new BpfError("open", action, error.errno, reason, { cause: error });
  }
  throw new TypeError(
    `Cannot ${action}: the dynamic linker knows no such library: ` +
      "list what it knows with ldconfig -p, or give a path",
  );
}

function explain(errno: number, pid: number | undefined): string | undefined {
  if (errno === Errno.ENOENT) {
    return pid === undefined
      ? "the file does not exist"
      : `process ${pid} does not exist, or does not see that file`;
  }
  if (errno === Errno.ESRCH) return `process ${pid} does not exist`;
  return errno === Errno.EPERM || errno === Errno.EACCES ? permissionReason() : undefined;
}

/** The probes of the files that a process has mapped executable; files without probes have none. */
function processProbes(pid: number): UsdtProbe[] {
  const files = new Map<string, MapLine>();
  for (const line of readMaps(pid)) {
    if (line.inode !== "0" && line.path.startsWith("/")) files.set(line.path, line);
  }
  return [...files.values()].flatMap((line) => probesIfAny(reachablePath(pid, line)) ?? []);
}

/** The probes of a file; undefined when it is no ELF file or cannot be read. */
function probesIfAny(path: string): UsdtProbe[] | undefined {
  try {
    return fileProbes(path);
  } catch (error) {
    if (error instanceof ErrnoError || error instanceof RangeError) return undefined;
    throw error;
  }
}
