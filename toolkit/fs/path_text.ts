/**
 * Paths as events bring them.
 *
 * @module
 */

const PATH_MAX = 4096; // including the NUL
const CUT_MARK = "...";

/** A path that path_argument.h read; one that did not fit ends in "...". */
export function clippedPath(path: string): string {
  // A character takes at most four bytes, and counting them all is for those that may be too long.
  if (path.length < PATH_MAX / 4) return path;
  return new TextEncoder().encode(path).length < PATH_MAX ? path : path + CUT_MARK;
}
