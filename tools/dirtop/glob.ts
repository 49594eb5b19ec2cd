/**
 * Expands patterns to directories.
 *
 * @module
 */

import type { Machine } from "../../toolkit/machine/machine.ts";

/**
 * The directories that match a pattern, as a shell expands it: `*`, `?` and `[a-z]` match within
 * one component of the path; a name with a leading dot matches only if the pattern has the dot too.
 */
export function expandDirectories(pattern: string, machine: Machine): string[] {
  let found = [pattern.startsWith("/") ? "/" : ""];
  for (const part of pattern.split("/").filter(Boolean)) {
    found = found.flatMap((folder) =>
      /[*?[]/.test(part)
        ? names(folder, matcher(part), part.startsWith("."), machine).map((name) => folder + name)
        : [folder + part]
    ).filter(machine.isDirectory).map((path) => `${path}/`);
  }
  return found.filter(Boolean).map((path) => path.length > 1 ? path.slice(0, -1) : path);
}

/** `[!a]*.log` as a regular expression. */
function matcher(part: string): RegExp {
  const text = part.replaceAll(/\[!?[^\]]+\]|[\s\S]/gu, (piece) => {
    if (piece === "*") return ".*";
    if (piece === "?") return ".";
    if (piece.length > 2) return piece.replace(/^\[!/, "[^").replaceAll("\\", "\\\\");
    return piece.replaceAll(/[\\^$.*+?()[\]{}|]/g, "\\$&");
  });
  return new RegExp(`^${text}$`, "su");
}

function names(folder: string, pattern: RegExp, hidden: boolean, machine: Machine): string[] {
  const all = machine.namesIn(folder || ".").filter((name) => hidden || !name.startsWith("."));
  return all.filter((name) => pattern.test(name)).sort();
}
