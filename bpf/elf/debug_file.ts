/**
 * Finds the separate debug file that has the symbols stripped from a program, by the program's
 * build id or its .gnu_debuglink.
 *
 * Paths: see the chapter "Separate Debug Files" of gdb's manual.
 *
 * @module
 */

import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { bufferText } from "../../ffi/libc/memory.ts";
import { type ForeignFile, openForeign } from "../proc/open_foreign.ts";
import { ElfReader, ifWhole, viewOf } from "./elf_reader.ts";

/** What a file says about its debug file. */
export interface DebugClues {
  /** The build id in hexadecimal. */
  readonly buildId: string | undefined;
  /** The debug file's name, as .gnu_debuglink has it. */
  readonly link: string | undefined;
  /** The debug file's CRC-32, from .gnu_debuglink. */
  readonly checksum: number | undefined;
}

const FOLDER = "/usr/lib/debug";
/** Limit on the bytes of .gnu_debuglink: a file name and a checksum. */
const MAX_LINK_SECTION = 4096;
/**
 * Larger debug files are accepted by their build id only: a checksum would have to read all of
 * them.
 */
const MAX_CHECKED = 2 ** 30;
const CHECKED_AT_ONCE = 2 ** 20;

/** Candidate paths, best first; for a process's file first as that process sees it. */
export function debugFiles(path: string, { buildId, link }: DebugClues): string[] {
  const [, root = "", seen = path] = /^(\/proc\/\d+\/root)(\/.*)$/.exec(path) ?? [];
  const roots = root === "" ? [""] : [root, ""];
  const folder = seen.slice(0, seen.lastIndexOf("/"));
  return roots.flatMap((root) => {
    const byId = buildId
      ? [`${root}${FOLDER}/.build-id/${buildId.slice(0, 2)}/${buildId.slice(2)}.debug`]
      : [];
    const byName = link
      ? [
        `${root}${folder}/${link}`,
        `${root}${folder}/.debug/${link}`,
        `${root}${FOLDER}${folder}/${link}`,
      ]
      : [];
    return [...byId, ...byName];
  }).filter((file) => file !== path);
}

/**
 * Opens the debug file of `file`; undefined when there is none of the same build.
 *
 * @param place the path of `file`, relative to which debug files are looked for
 * @param owner the owner of `file`: its debug file must belong to the same user, to root or to the
 * tool's user
 */
export function openDebugFile(
  file: ElfReader,
  place: string,
  owner: number,
): ElfReader | undefined {
  const clues = cluesOf(file);
  const owners = new Set([0, owner, process.geteuid?.() ?? 0]);
  for (const path of debugFiles(place, clues)) {
    try {
      using undo = new DisposableStack();
      const source = undo.use(openForeign(path, { owners }));
      const debug = undo.use(new ElfReader(source));
      if (!isMeant(debug, source, clues)) continue;
      undo.move();
      return debug;
    } catch (error) {
      if (!(error instanceof ErrnoError || error instanceof RangeError)) throw error;
    }
  }
  return undefined;
}

/** Whether a candidate is of the same build. */
function isMeant(
  debug: ElfReader,
  source: ForeignFile,
  { buildId, checksum }: DebugClues,
): boolean {
  if (buildId !== undefined) return debug.buildId === buildId;
  if (checksum === undefined || source.size > MAX_CHECKED) return false;
  const { crc32 } = process.getBuiltinModule("node:zlib");
  let sum = 0;
  for (let at = 0; at < source.size; at += CHECKED_AT_ONCE) {
    sum = crc32(source.read(at, Math.min(CHECKED_AT_ONCE, source.size - at)), sum);
  }
  return sum === checksum;
}

function cluesOf(file: ElfReader): DebugClues {
  const section = file.section(".gnu_debuglink");
  const bytes = section && ifWhole(() => file.content(section, MAX_LINK_SECTION));
  // A NUL-terminated name, padding to a multiple of four, and a CRC-32.
  const whole = bytes && bytes.length > 4 ? bytes : undefined;
  const name = whole && bufferText(whole.subarray(0, -4));
  return {
    buildId: file.buildId,
    // A name, not a path: no linker writes paths here, and one could lead anywhere.
    link: name && !name.includes("/") && name !== ".." ? name : undefined,
    checksum: whole && viewOf(whole).getUint32(whole.length - 4, true),
  };
}
