/**
 * Where the symbols are that were stripped from a program: in a file of their own, found by the
 * program's build id or by the name it links to.
 *
 * Places: the chapter "Separate Debug Files" of gdb's manual.
 *
 * @module
 */

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
