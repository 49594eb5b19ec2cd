/** The cache outside the tree: what is downloaded once and serves every run. */
import { existsSync, globSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import process from "node:process";

/** Where downloads of a kind are kept: in `TSBCC_CACHE`, else the user's cache, else the system's. */
export function cacheDirectory(kind: string): string {
  const { TSBCC_CACHE, XDG_CACHE_HOME } = process.env;
  if (TSBCC_CACHE) return join(TSBCC_CACHE, kind);
  if (XDG_CACHE_HOME && isAbsolute(XDG_CACHE_HOME)) return join(XDG_CACHE_HOME, "ts-bcc", kind);
  const home = process.env.HOME || (process.getuid?.() === 0 ? "" : homedir());
  return join(home ? join(home, ".cache/ts-bcc") : "/var/cache/ts-bcc", kind);
}

/**
 * Returns a folder of the cache, after making it if it is not there.
 *
 * The work is done in a folder beside the final one, which gets its name only when all of it is
 * there: an interrupted download is never taken for a whole one.
 */
export async function requireFolder(
  directory: string,
  make: (work: string) => Promise<void>,
): Promise<string> {
  if (existsSync(directory)) return directory;
  removeAbandoned(dirname(directory));
  const work = `${directory}.part-${process.pid}`;
  mkdirSync(work, { recursive: true });
  try {
    await make(work);
    // Another run may have finished the same folder meanwhile; then its copy serves.
    if (!existsSync(directory)) renameSync(work, directory);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return directory;
}

/** Removes what runs that were killed outright left behind. */
function removeAbandoned(cache: string): void {
  for (const path of globSync(join(cache, "*.part-*"))) {
    const pid = path.slice(path.lastIndexOf("-") + 1);
    if (!existsSync(`/proc/${pid}`)) rmSync(path, { recursive: true, force: true });
  }
}
