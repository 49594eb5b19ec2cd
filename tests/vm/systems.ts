/** Small Debian systems: some packages and what they need, unpacked into a cache outside the tree. */
import { lstatSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { extractPackages, PrivateApt } from "./apt.ts";
import { cacheDirectory, requireFolder } from "./cache.ts";
import { run } from "./command.ts";

/** What a system is made of. */
export interface SystemRecipe {
  /** The suite of Debian. */
  readonly suite: string;
  readonly packages: readonly string[];
  /** Debian's name of the machine it is for; default: this one's. */
  readonly architecture?: string;
}

/** Returns the folder of a system, from the cache if it is there. */
export function requireSystem(
  name: string,
  recipe: SystemRecipe,
  signal: AbortSignal,
): Promise<string> {
  return requireFolder(systemFolder(name), (work) => make(work, recipe, signal));
}

/** Forgets a system, so that the suite's newest packages are downloaded. */
export function forgetSystem(name: string): void {
  rmSync(systemFolder(name), { recursive: true, force: true });
}

const systemFolder = (name: string) => join(cacheDirectory("roots"), name);

/** Debian's systems have one folder of each name, below usr. */
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
  // What the packages' scripts would make, as far as anybody asks for it.
  for (const name of ["bin", "sbin", "lib"]) await mergeIntoUsr(work, name, signal);
  writeFileSync(join(work, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
  // Another machine's loader finds its libraries in the folders it knows, without a cache.
  if (architecture === undefined) await run("ldconfig", ["-r", work], { signal });
}
