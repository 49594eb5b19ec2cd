/** Kernel headers for Python bcc, which cannot do without. */
import { execFileSync } from "node:child_process";
import { globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { OWN, requireKernel } from "../tests/vm/kernels.ts";

const DOWNLOAD_MS = 600_000;

/** A folder that goes when it is disposed of. */
export interface HeaderFolder extends Disposable {
  /** The environment in which libbcc finds it. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * Debian's headers of Linux 6.1, their two parts put together as BCC_KERNEL_SOURCE wants them;
 * downloaded at first, as the guests of the tests are.
 *
 * They serve whatever kernel runs, for programs that are loaded and read nothing by them.
 */
export async function debianHeaders(): Promise<HeaderFolder> {
  const { headers } = await requireKernel("6.1", OWN, AbortSignal.timeout(DOWNLOAD_MS));
  const sources = join(headers!, "usr/src");
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
