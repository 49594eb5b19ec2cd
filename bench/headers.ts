/** Kernel headers for Python bcc, which cannot compile without them. */
import { execFileSync } from "node:child_process";
import { existsSync, globSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { OWN, requireKernel } from "../tests/vm/kernels.ts";
import { builtPath } from "./question.ts";

const DOWNLOAD_MS = 600_000;

/**
 * The environment variables by which libbcc finds Debian's headers of Linux 6.1: its two packages, merged into one
 * folder as BCC_KERNEL_SOURCE needs it. Downloaded once into the cache of the tests' guests, and merged once into
 * .tools/bench: the folder is 16,000 links.
 *
 * They do for any running kernel, because the benchmarks' programs read no kernel struct through
 * them.
 */
export async function debianHeaders(): Promise<Readonly<Record<string, string>>> {
  const { headers } = await requireKernel("6.1", OWN, AbortSignal.timeout(DOWNLOAD_MS));
  const folder = builtPath("headers");
  // False as well for a link to nothing, if the packages are elsewhere now.
  if (!existsSync(join(folder, "Makefile"))) merge(join(headers!, "usr/src"), folder);
  return { BCC_KERNEL_SOURCE: folder };
}

function merge(sources: string, folder: string): void {
  const unfinished = `${folder}.new`;
  for (const old of [folder, unfinished]) rmSync(old, { recursive: true, force: true });
  mkdirSync(unfinished);
  // The package for all architectures first, so that the other package's links replace its own.
  for (const part of globSync(join(sources, "*")).toSorted().toReversed()) {
    execFileSync("cp", ["--recursive", "--symbolic-link", "--force", `${part}/.`, unfinished]);
  }
  renameSync(unfinished, folder);
}
