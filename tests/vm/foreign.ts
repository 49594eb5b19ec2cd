/**
 * What guests of another architecture have in place of the host's files: a small Debian system and the
 * runtimes' builds for that architecture.
 *
 * @module
 */

import { dirname, join } from "node:path";
import { requirePackage } from "./apt.ts";
import { read, run } from "./command.ts";
import type { Architecture } from "./kernels.ts";
import { type Runtime, runtimePath, TREE } from "./suite.ts";
import { requireSystem } from "./systems.ts";

/**
 * Packages with what the runtimes and tests need: shared libraries, a shell, a C compiler and a few
 * programs.
 */
const PACKAGES = [
  "base-files libc-bin libstdc++6 libbpf1 libbpfcc bash dash coreutils findutils grep sed mawk",
  "util-linux bsdutils xz-utils mount procps kmod iproute2 libcap2-bin openssl python3-minimal",
  "xfsprogs btrfs-progs e2fsprogs f2fs-tools gcc libc6-dev libssl-dev clang",
].join(" ").split(" ");

/** A system for guests of another architecture. */
export interface ForeignSystem {
  readonly root: string;
  /** The runtimes' executables. */
  readonly runtimes: Readonly<Record<Runtime, string>>;
}

/** Returns what guests of an architecture need, from the caches if it is there. */
export async function requireForeign(
  architecture: Architecture,
  signal: AbortSignal,
): Promise<ForeignSystem> {
  const recipe = { suite: "bookworm", packages: PACKAGES, architecture };
  const root = await requireSystem(`bookworm-${architecture}`, recipe, signal);
  const machine = { amd64: "x86_64", arm64: "aarch64" }[architecture];
  const script = `set -euo pipefail; source "$0/scripts/setup.sh"
    need_bun_for "$1" && need_deno_for "$1" && printf '\\n%s\\n%s' "$BUN_BASE" "$DENO_BASE"`;
  const output = await read("bash", ["-c", script, TREE, machine], { signal });
  const [bun, deno] = output.split("\n").slice(-2) as [string, string];
  await buildThere(architecture, machine, signal);
  return { root, runtimes: { bun, deno } };
}

/**
 * Builds the tests' programs and kernel objects on the host: emulated compilers take ten times as
 * long.
 */
async function buildThere(
  architecture: Architecture,
  machine: string,
  signal: AbortSignal,
): Promise<void> {
  await requirePackage(`gcc-${machine.replace("_", "-")}-linux-gnu`);
  await requirePackage(`libc6-dev-${architecture}-cross`);
  const words = ["run", "--allow-all", "--no-check", join(TREE, "tests/support/build_all.ts")];
  const env = { TSBCC_BUILD_FOR: architecture === "amd64" ? "x64" : architecture };
  await run(runtimePath("deno"), words, { cwd: TREE, env, signal, show: true });
}

/** `PATH` for tests in the foreign system: the folders of the runtimes come first. */
export function foreignPath({ runtimes }: ForeignSystem): string {
  const folders = Object.values(runtimes).map(dirname);
  return [...folders, "/usr/local/sbin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"].join(":");
}
