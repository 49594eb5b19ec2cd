/**
 * Finding a shared library by its short name, as the linker's `-l` takes it: `c`, `ssl`, `pthread`.
 *
 * @module
 */

import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { exists, readFile } from "../../ffi/libc/files.ts";
import { bufferText } from "../../ffi/libc/memory.ts";
import { isDeleted, type MapLine, readMaps, withoutDeleted } from "./map_lines.ts";
import { reachablePath } from "./reachable_path.ts";

const CACHE = "/etc/ld.so.cache";
/** Layout: struct cache_file_new and file_entry_new of glibc's ld.so.cache, versions since 2.2. */
const MAGIC = "glibc-ld.so.cache1.1";
const COUNT_AT = 20;
const ENTRIES_AT = 48;
const ENTRY_SIZE = 24;
/** Flags of ldconfig for this architecture's libraries: glibc 2 and the ABI variant. */
const FLAGS = process.arch === "arm64" ? 0x0a03 : 0x0303;

/** musl's C library, which is its dynamic linker too, by the name that all of its systems have. */
const MUSL = `/lib/ld-musl-${process.arch === "arm64" ? "aarch64" : "x86_64"}.so.1`;

/**
 * The file of a library: the one that the process has mapped, in a container or chroot or not, or
 * the one that the dynamic linker would load. Undefined when there is none.
 *
 * @param name short, `ssl` for any libssl.so, or with its version: `libssl.so.3`, `ssl.so.3`
 */
export function libraryPath(name: string, pid: number | undefined): string | undefined {
  const isLibrary = matcher(name);
  if (pid !== undefined) {
    // After a package upgrade the process still uses the file it has mapped.
    const mapped = readMaps(pid).find(({ path }) =>
      path.startsWith("/") && isLibrary(withoutDeleted(path))
    );
    if (mapped) return reachablePath(pid, mapped);
  }
  return installed().find(isLibrary);
}

/**
 * A file as a process sees it, through its root and mount namespace; /proc paths are this
 * process's. If a program or library was replaced, it is the file that the process still has
 * mapped.
 */
export function pathIn(pid: number | undefined, path: string): string {
  if (pid === undefined || path.startsWith("/proc/")) return path;
  return replacedFile(pid, path) ?? `/proc/${pid}/root${path}`;
}

/** The deleted file that the process mapped from this path. */
function replacedFile(pid: number, path: string): string | undefined {
  const paths = [path, ...realPath(path)];
  const mapped = mapsIfAny(pid).filter((line) => paths.includes(withoutDeleted(line.path)));
  // It may have mapped the new file as well.
  return mapped.some((line) => !isDeleted(line))
    ? undefined
    : mapped.map((line) => reachablePath(pid, line))[0];
}

/** Mappings show resolved paths. The file itself may be gone. */
function realPath(path: string): string[] {
  const { dirname, basename, join } = process.getBuiltinModule("node:path");
  const { realpathSync } = process.getBuiltinModule("node:fs");
  for (const [there, gone] of [[path, ""], [dirname(path), basename(path)]] as const) {
    try {
      return [join(realpathSync(there), gone)];
    } catch {
      // If it cannot be opened, opening it reports why.
    }
  }
  return [];
}

function mapsIfAny(pid: number): MapLine[] {
  try {
    return readMaps(pid);
  } catch (error) {
    if (error instanceof ErrnoError) return [];
    throw error;
  }
}

/** Whether a path is that library's, of any version unless the name has one. */
function matcher(name: string): (path: string) => boolean {
  const [, stem, version] = /^(?:lib(?=.*\.so))?(.*?)(\.so(?:\..*)?)?$/.exec(name)!;
  const escape = (text: string) => text.replace(/[^\w]/g, "\\$&");
  // "libc-2.31.so" is a libc, "libc-client.so" is not. "libssl.so.3" may be called "libssl.so.3.0.1".
  const file = version === undefined || version === ".so"
    ? `/(lib${escape(stem!)}(-[\\d.]+)?\\.so(\\.[^/]*)?${
      stem === "c" ? "|ld-musl-\\w+\\.so\\.1" : ""
    })$`
    : `/lib${escape(stem!)}${escape(version)}(\\.[^/]*)?$`;
  const pattern = new RegExp(file);
  return (path) => pattern.test(path);
}

/** The libraries that ld.so.cache lists, best match first; musl's systems have no cache. */
function installed(): string[] {
  const cached = exists(CACHE) ? librariesIn(readFile(CACHE)) : [];
  return exists(MUSL) ? [...cached, MUSL] : cached;
}

/** The entries of an ld.so.cache. */
export function librariesIn(bytes: Uint8Array<ArrayBuffer>): string[] {
  // An old-format cache may come first; string offsets are relative to the new one.
  const start = findMagic(bytes);
  if (start < 0) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, bytes.length - start);
  const paths: string[] = [];
  const count = Math.min(
    view.getUint32(COUNT_AT, true),
    Math.floor((view.byteLength - ENTRIES_AT) / ENTRY_SIZE),
  );
  for (let i = 0; i < count; i++) {
    const at = ENTRIES_AT + i * ENTRY_SIZE;
    if (view.getInt32(at, true) !== FLAGS) continue;
    paths.push(bufferText(bytes.subarray(start + view.getUint32(at + 8, true))));
  }
  return paths;
}

function findMagic(bytes: Uint8Array<ArrayBuffer>): number {
  const magic = [...MAGIC].map((letter) => letter.charCodeAt(0));
  for (let at = 0; at + ENTRIES_AT <= bytes.length; at += 8) {
    if (magic.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}

/**
 * The file that a name refers to: a path, a library's name such as `c` or `libssl.so.3`, or a
 * program in PATH. With `pid` it is the one that this process sees or has mapped. Undefined when
 * there is none.
 *
 * @throws {ErrnoError} when there is no such process
 */
export function findFile(name: string, pid?: number): string | undefined {
  const { join, resolve } = process.getBuiltinModule("node:path");
  const ifThere = (path: string) => exists(path) ? path : undefined;
  if (name.includes("/")) return ifThere(pathIn(pid, resolve(name)));
  const library = libraryPath(name, pid);
  if (library !== undefined) return library;
  const folders = (process.env.PATH ?? "").split(":").filter((folder) => folder !== "");
  const paths = folders.map((folder) => pathIn(pid, join(resolve(folder), name)));
  return paths.find((path) => ifThere(path) !== undefined);
}
