/** Small Debian systems with other versions of what tests use, in a cache outside the tree. */
import { globSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { extractPackages, PrivateApt } from "../vm/apt.ts";
import { cacheDirectory, requireFolder } from "../vm/cache.ts";
import { run } from "../vm/command.ts";

/** The suites of Debian whose packages can be tried; bookworm's libbcc is 0.26, trixie's 0.31. */
export const SUITES = ["bookworm", "trixie", "sid"] as const;
/** One of {@linkcode SUITES}. */
export type Suite = (typeof SUITES)[number];

/** What the tests call, besides the library: a shell, a C compiler and its C library. */
const PACKAGES = ["libbpfcc", "base-files", "libc-bin", "dash", "coreutils", "gcc", "libc6-dev"];

/** A system to change the root to. */
export interface Root {
  directory: string;
  /** The version of its libbcc: `0.31.0`. */
  version: string;
}

/** Returns the system of a suite, from the cache if it is there. */
export async function requireRoot(suite: Suite, signal: AbortSignal): Promise<Root> {
  const directory = await requireSystem(suite, suite, PACKAGES, signal);
  const [library] = globSync(join(directory, "usr/lib/*/libbcc.so.0.*"));
  const version = /libbcc\.so\.([\d.]+)$/.exec(library ?? "")?.[1];
  if (version === undefined) throw new Error(`No libbcc in Debian ${suite}'s package libbpfcc`);
  return { directory, version };
}

/** Returns the folder of a system with some packages of a suite, from the cache if it is there. */
export function requireSystem(
  name: string,
  suite: Suite,
  packages: readonly string[],
  signal: AbortSignal,
): Promise<string> {
  return requireFolder(rootFolder(name), (work) => make(work, suite, packages, signal));
}

/** Forgets a system, so that the suite's newest packages are downloaded. */
export function forgetRoot(suite: Suite): void {
  rmSync(rootFolder(suite), { recursive: true, force: true });
}

const rootFolder = (name: string) => join(cacheDirectory("roots"), name);

/** Unpacks packages without running their scripts: the tests need files, not a system that boots. */
async function make(
  work: string,
  suite: Suite,
  packages: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  console.error(`roots: downloading ${packages[0]} and what it needs of Debian ${suite}`);
  const lists = join(work, "apt");
  const apt = await PrivateApt.open(lists, suite, signal);
  await apt.downloadAll(packages, join(lists, "packages"));
  await extractPackages(join(lists, "packages"), work, signal);
  rmSync(lists, { recursive: true });
  // What the packages' scripts would make, as far as anybody asks for it.
  writeFileSync(join(work, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
  await run("ldconfig", ["-r", work], { signal });
}
