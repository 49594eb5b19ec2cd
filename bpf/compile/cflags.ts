/**
 * Compiler flags: libbcc compiles in another folder, so relative paths are made absolute.
 *
 * @module
 */

/** Flags whose path is the next argument or follows at once: `-I include`, `-Iinclude`. */
const WITH_PATH = ["-isystem", "-iquote", "-idirafter", "-include", "-I"];

/** The path from the root, whatever the current directory is later. */
export function absolutePath(path: string): string {
  return path.startsWith("/") ? path : `${process.cwd()}/${path}`;
}

/** The same flags with absolute paths. */
export function absolutePaths(cflags: readonly string[]): string[] {
  return cflags.map((flag, i) => {
    if (WITH_PATH.includes(cflags[i - 1] ?? "")) return absolutePath(flag);
    const prefix = WITH_PATH.find((each) => flag.startsWith(each));
    if (prefix === undefined || flag === prefix) return flag;
    return prefix + absolutePath(flag.slice(prefix.length));
  });
}

/** The folders that the flags add to the search for included files. */
export function includeFolders(cflags: readonly string[]): string[] {
  return cflags.flatMap((flag, i) => {
    const before = cflags[i - 1] ?? "";
    if (before !== "-include" && WITH_PATH.includes(before)) return [flag];
    const prefix = WITH_PATH.find((each) => each !== "-include" && flag.startsWith(each));
    return prefix === undefined || flag === prefix ? [] : [flag.slice(prefix.length)];
  });
}
