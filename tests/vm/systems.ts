/**
 * Small Debian systems: packages and their dependencies, unpacked into a cache outside the source
 * tree.
 */
import { createHash } from "node:crypto";
import { globSync, lstatSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { extractPackages, PrivateApt } from "./apt.ts";
import { cacheDirectory, requireFolder } from "./cache.ts";
import { run } from "./command.ts";

/** The contents of a system. */
export interface SystemRecipe {
  /** The suite of Debian. */
  readonly suite: string;
  readonly packages: readonly string[];
  /** Debian's name of its architecture; default: this machine's. */
  readonly architecture?: string;
}

/** Returns the folder of a system from the cache, or makes it first. */
export function requireSystem(
  name: string,
  recipe: SystemRecipe,
  signal: AbortSignal,
): Promise<string> {
  // Named by its contents too: a recipe that changes makes another system.
  const hash = createHash("sha256").update(JSON.stringify(recipe)).digest("hex").slice(0, 8);
  return requireFolder(`${systemFolder(name)}-${hash}`, (work) => make(work, recipe, signal));
}

/** Removes a system from the cache, so that the next run downloads the suite's newest packages. */
export function forgetSystem(name: string): void {
  for (const folder of globSync(`${systemFolder(name)}-${"[0-9a-f]".repeat(8)}`)) {
    rmSync(folder, { recursive: true });
  }
}

const systemFolder = (name: string) => join(cacheDirectory("roots"), name);

/**
 * Merges a folder such as `bin` into `usr/` and links to it, as in Debian's systems (merged /usr).
 */
async function mergeIntoUsr(root: string, name: string, signal: AbortSignal): Promise<void> {
  const path = join(root, name);
  if (!lstatSync(path, { throwIfNoEntry: false })?.isDirectory()) return;
  await run("cp", ["-a", `${path}/.`, join(root, "usr", name)], { signal });
  rmSync(path, { recursive: true });
  symlinkSync(`usr/${name}`, path);
}

/** Unpacks packages without running their scripts: the tests need files, not a system that boots. */
async function make(
  work: string,
  { suite, packages, architecture }: SystemRecipe,
  signal: AbortSignal,
): Promise<void> {
  console.error(`systems: downloading ${packages[0]} and what it needs of Debian ${suite}`);
  const lists = join(work, "apt");
  const apt = await PrivateApt.open(lists, suite, signal, architecture);
  await apt.downloadAll(packages, join(lists, "packages"));
  await extractPackages(join(lists, "packages"), work, signal);
  rmSync(lists, { recursive: true });
  // The part of the packages' scripts' work that tests need.
  for (const name of ["bin", "sbin", "lib"]) await mergeIntoUsr(work, name, signal);
  writeFileSync(join(work, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
  // ldconfig cannot run for another architecture; the loader finds libraries in its default folders
  // without a cache.
  if (architecture === undefined) await run("ldconfig", ["-r", work], { signal });
}
