/** Small Debian systems with other versions of libbcc. */
import { globSync } from "node:fs";
import { join } from "node:path";
import { requireSystem } from "../vm/systems.ts";

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
  const directory = await requireSystem(suite, { suite, packages: PACKAGES }, signal);
  const [library] = globSync(join(directory, "usr/lib/*/libbcc.so.0.*"));
  const version = /libbcc\.so\.([\d.]+)$/.exec(library ?? "")?.[1];
  if (version === undefined) throw new Error(`No libbcc in Debian ${suite}'s package libbpfcc`);
  return { directory, version };
}
