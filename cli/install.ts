/**
 * Symbolic links, one per tool, to the executable that holds all tools.
 *
 * @module
 */

/**
 * Makes a symbolic link in `directory` to this executable for each name; returns a text that says
 * what was done.
 * @throws {Error} at the first failure, and when run from source: links would start the runtime
 */
export async function installLinks(
  directory: string,
  names: readonly string[],
  target: string = process.execPath,
): Promise<string> {
  const { lstatSync, readlinkSync, renameSync, symlinkSync } = await import("node:fs");
  const { basename, join, resolve } = await import("node:path");
  if (/^(deno|bun)\b/.test(basename(target))) {
    throw new Error(
      "Cannot make links to an executable: this runs from source: make one with ./compile.sh --all",
    );
  }
  const folder = resolve(directory);
  for (const name of names) {
    const path = join(folder, name);
    const action = `make the link "${path}"`;
    try {
      const there = lstatSync(path, { throwIfNoEntry: false });
      // Replaces only a link that an earlier `install` made; any other file stays.
      if (there && !(there.isSymbolicLink() && /(^|\/)ts-bcc$/.test(readlinkSync(path)))) {
        throw new Error(`Cannot ${action}: there is something else of that name: move it away`);
      }
      const fresh = `${path}.${process.pid}`;
      symlinkSync(target, fresh);
      renameSync(fresh, path);
    } catch (error) {
      if (error instanceof Error && "code" in error) {
        throw new Error(`Cannot ${action}: ${error.message}`, { cause: error });
      }
      throw error;
    }
  }
  return `${names.length} links to ${target} in ${folder}: ${names.join(" ")}`;
}
