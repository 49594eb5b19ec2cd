/** Kernel headers for Python bcc, which cannot compile without them. */
import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OWN, requireKernel } from "../tests/vm/kernels.ts";

const DOWNLOAD_MS = 600_000;

/** A temporary folder, removed at disposal. */
export interface HeaderFolder extends Disposable {
  /** The environment variables by which libbcc finds the headers. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Debian's headers of Linux 6.1, its two packages merged into one folder as BCC_KERNEL_SOURCE needs
 * it. Downloaded once into the cache of the tests' guests.
 *
 * They do for any running kernel, because the benchmarks' programs read no kernel struct through
 * them.
 */
export async function debianHeaders(): Promise<HeaderFolder> {
  const { headers } = await requireKernel("6.1", OWN, AbortSignal.timeout(DOWNLOAD_MS));
  const sources = join(headers!, "usr/src");
  const folder = mkdtempSync(join(tmpdir(), "ts-bcc-bench-"));
  // The package for all architectures first, so that the other package's links replace its own.
  for (const part of globSync(join(sources, "*")).toSorted().toReversed()) {
    execFileSync("cp", ["--recursive", "--symbolic-link", "--force", `${part}/.`, folder]);
  }
  return {
    environment: { BCC_KERNEL_SOURCE: folder },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}
