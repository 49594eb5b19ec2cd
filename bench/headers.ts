/** Kernel headers for Python bcc, which cannot do without. */
import { execFileSync } from "node:child_process";
import { existsSync, globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { cacheDirectory } from "../tests/vm/cache.ts";

/** A folder that goes when it is disposed of. */
export interface HeaderFolder extends Disposable {
  /** The environment in which libbcc finds it. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Debian's headers of Linux 6.1, their two parts put together as BCC_KERNEL_SOURCE wants them.
 * They serve whatever kernel runs, for programs that are loaded and read nothing by them.
 *
 * @throws {Error} when `deno task test:vm --prepare` has not downloaded them
 */
export function debianHeaders(): HeaderFolder {
  const sources = join(cacheDirectory("kernels"), "6.1-headers/usr/src");
  if (!existsSync(sources)) throw new Error("No headers: run deno task test:vm --prepare");
  const folder = mkdtempSync(join(tmpdir(), "ts-bcc-bench-"));
  // The part for all architectures first: the links of the other one are the ones to keep.
  for (const part of globSync(join(sources, "*")).toSorted().toReversed()) {
    execFileSync("cp", ["--recursive", "--symbolic-link", "--force", `${part}/.`, folder]);
  }
  return {
    environment: { BCC_KERNEL_SOURCE: folder },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true }),
  };
}
