/**
 * Paths in events.
 *
 * @module
 */

const PATH_MAX = 4096; // including the NUL
const CUT_MARK = "...";

/** A path read by path_argument.h; one that was truncated ends in "...". */
export function clippedPath(path: string): string {
  // A character has at most four bytes; only texts that may be too long are measured exactly.
  if (path.length < PATH_MAX / 4) return path;
  return new TextEncoder().encode(path).length < PATH_MAX ? path : path + CUT_MARK;
}
