/** The cache outside the source tree, for downloads that all runs share. */
import { existsSync, globSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, isAbsolute, join } from "node:path";
import process from "node:process";

/**
 * The folder for downloads of one kind: in `TSBCC_CACHE`, else the user's cache, else the system's.
 */
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
 * The content is made in a temporary folder beside the final one and renamed when it is complete:
 * so an interrupted download is never used.
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
    // Another run may have finished the same folder meanwhile: then that one is used.
    if (!existsSync(directory)) renameSync(work, directory);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return directory;
}

/** Removes temporary folders of runs that were killed. */
function removeAbandoned(cache: string): void {
  for (const path of globSync(join(cache, "*.part-*"))) {
    const pid = path.slice(path.lastIndexOf("-") + 1);
    if (!existsSync(`/proc/${pid}`)) rmSync(path, { recursive: true, force: true });
  }
}
