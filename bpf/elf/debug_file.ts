/**
 * Where the symbols are that were stripped from a program: in a file of their own, found by the
 * program's build id or by the name it links to.
 *
 * Places: the chapter "Separate Debug Files" of gdb's manual.
 *
 * @module
 */

import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { bufferText } from "../../ffi/libc/memory.ts";
import { type ForeignFile, openForeign } from "../proc/open_foreign.ts";
import { ElfReader, ifWhole, viewOf } from "./elf_reader.ts";

/** What a file says of its debug file. */
export interface DebugClues {
  /** Hexadecimal digits that tell builds apart. */
  readonly buildId: string | undefined;
  /** The debug file's name, as .gnu_debuglink has it. */
  readonly link: string | undefined;
  /** The debug file's CRC-32, told with its name. */
  readonly checksum: number | undefined;
}

const FOLDER = "/usr/lib/debug";
/** A name and a checksum. */
const MAX_LINK_SECTION = 4096;
/** Larger files are believed by their build id only: a checksum has to read all of them. */
const MAX_CHECKED = 2 ** 30;
const CHECKED_AT_ONCE = 2 ** 20;

/** Where the debug file may be, best first; of a process's file first as that process sees it. */
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
 * Opens the separate file that holds the symbol table which was stripped from `file`; undefined when
 * there is none that is of the same build.
 *
 * @param place where the file lies
 * @param owner the file's: its debug file is the same user's, root's or the tool's user's
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

/** Whether this is the debug file that was meant, not one of another build. */
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
  // A name, zeros up to a multiple of four, and a checksum.
  const whole = bytes && bytes.length > 4 ? bytes : undefined;
  const name = whole && bufferText(whole.subarray(0, -4));
  return {
    buildId: file.buildId,
    // A name, not a path: nothing else writes others, and they would lead anywhere.
    link: name && !name.includes("/") && name !== ".." ? name : undefined,
    checksum: whole && viewOf(whole).getUint32(whole.length - 4, true),
  };
}
