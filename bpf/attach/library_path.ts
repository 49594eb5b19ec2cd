/**
 * Finding a shared library by its short name, as the linker's `-l` takes it: `c`, `ssl`, `pthread`.
 *
 * @module
 */

import { readFile, readText } from "../../ffi/libc.ts";
import { bufferText } from "../../ffi/memory.ts";

/** Layout: struct cache_file_new and file_entry_new of glibc's ld.so.cache, versions since 2.2. */
const MAGIC = "glibc-ld.so.cache1.1";
const COUNT_AT = 20;
const ENTRIES_AT = 48;
const ENTRY_SIZE = 24;
/** What ldconfig notes of libraries for this architecture: glibc 2 and which of its variants. */
const FLAGS = process.arch === "arm64" ? 0x0a03 : 0x0303;

/**
 * The file of `lib<name>.so…`: the one that process has mapped, or the one the dynamic linker would
 * take. Undefined when there is none. A process's file is given as it sees it, container or not.
 */
export function libraryPath(name: string, pid: number | undefined): string | undefined {
  const isLibrary = (path: string) => {
    const file = path.slice(path.lastIndexOf("/") + 1);
    return file.startsWith(`lib${name}.so`) || file.startsWith(`lib${name}-`) && /\.so/.test(file);
  };
  if (pid !== undefined) {
    const paths = readText(`/proc/${pid}/maps`).split("\n").map((line) => line.split(/ +/, 6)[5]);
    const mapped = paths.find((path) => path !== undefined && isLibrary(path));
    if (mapped) return `/proc/${pid}/root${mapped}`;
  }
  return cached().find(isLibrary);
}

/** The libraries the dynamic linker knows, best first. */
function cached(): string[] {
  const bytes = readFile("/etc/ld.so.cache");
  // An older layout may come first; both have their strings behind them.
  const start = findMagic(bytes);
  if (start < 0) return [];
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, bytes.length - start);
  const paths: string[] = [];
  for (let i = 0; i < view.getUint32(COUNT_AT, true); i++) {
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
