/** Small Debian systems with other versions of libbcc. */
import { globSync } from "node:fs";
import { join } from "node:path";
import { requireSystem } from "../vm/systems.ts";

/** The suites of Debian whose libbcc can be tested: bookworm has 0.26, trixie 0.31. */
export const SUITES = ["bookworm", "trixie", "sid"] as const;
/** One of {@linkcode SUITES}. */
export type Suite = (typeof SUITES)[number];

/**
 * The library, and what the tests need besides it: a shell, a C compiler and the C library's
 * headers.
 */
const PACKAGES = ["libbpfcc", "base-files", "libc-bin", "dash", "coreutils", "gcc", "libc6-dev"];

/** A system for chroot. */
export interface Root {
  directory: string;
  /** The version of its libbcc: `0.31.0`. */
  version: string;
}

/** Returns the system of a suite from the cache, or makes it first. */
export async function requireRoot(suite: Suite, signal: AbortSignal): Promise<Root> {
  const directory = await requireSystem(suite, { suite, packages: PACKAGES }, signal);
  const [library] = globSync(join(directory, "usr/lib/*/libbcc.so.0.*"));
  const version = /libbcc\.so\.([\d.]+)$/.exec(library ?? "")?.[1];
  if (version === undefined) throw new Error(`No libbcc in Debian ${suite}'s package libbpfcc`);
  return { directory, version };
}
