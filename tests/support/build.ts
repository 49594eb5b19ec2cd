/**
 * Builds programs and kernel objects for tests, once for each hash of the source, into .tools/tests.
 *
 * Guests see the host's files, so nothing is compiled under emulation.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
} from "node:fs";
import { basename, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The project's folder, with a slash at its end. */
export const PROJECT: string = fileURLToPath(new URL("../../", import.meta.url));

/** Architecture to build for, by Node's name. The host builds for guests of another architecture. */
const MACHINE = process.env.TSBCC_BUILD_FOR ?? process.arch;
const BUILT = join(PROJECT, ".tools", "tests", MACHINE);
/** For each native command or path, the one to use instead when cross-compiling (Debian's names). */
const CROSS: Readonly<Record<string, string>> = MACHINE === process.arch ? {} : {
  "gcc": "aarch64-linux-gnu-gcc",
  "/usr/include/aarch64-linux-gnu": "/usr/aarch64-linux-gnu/include",
};

/**
 * Compiles a C program of this folder; returns the path of this runtime's own copy. Deno's and Bun's tests
 * run at the same time and a uprobe is set in a file: a probe for all processes that run the file must not
 * count processes that the other runtime's tests started.
 *
 * @param libraries linker flags, such as `-lssl`
 */
export function buildProgram(
  source: string,
  flags: readonly string[] = [],
  libraries: readonly string[] = [],
): string {
  const command = ["gcc", "-O1", "-Wall", "-Werror", "-pthread", ...flags];
  const path = join("tests/support", source);
  return ownCopy(build(path, includedBy(path), command, libraries));
}

/** Compiles a kernel object from `tests/testdata`; returns its bytes. */
export function buildObject(source: string): Uint8Array {
  const arch = MACHINE === "arm64" ? "arm64" : "x86";
  const flags = ["-target", "bpf", "-O2", "-g", "-mcpu=v3", "-Wall", "-I", "toolkit/kernel", "-c"];
  flags.push(`-D__TARGET_ARCH_${arch}`);
  // For linux/errno.h, which bpf/usdt.bpf.h includes.
  flags.push("-idirafter", `/usr/include/${arch === "x86" ? "x86_64" : "aarch64"}-linux-gnu`);
  const headers = ["prelude.h", "ring_buffer.h"].map((name) => `toolkit/kernel/base/${name}`);
  const path = build(join("tests/testdata", source), headers, ["clang", ...flags]);
  return new Uint8Array(readFileSync(path));
}

/** Copies a file to the folder of this runtime's tests; returns the copy's path. */
function ownCopy(path: string): string {
  const folder = join(BUILT, process.versions.bun === undefined ? "deno" : "bun");
  const copy = join(folder, basename(path));
  if (existsSync(copy)) return copy;
  mkdirSync(folder, { recursive: true });
  const unfinished = mkdtempSync(join(folder, "copy-"));
  try {
    copyFileSync(path, join(unfinished, "program"));
    renameSync(join(unfinished, "program"), copy);
    return copy;
  } finally {
    rmSync(unfinished, { recursive: true });
  }
}

/** The headers in a source file's own folder that it includes: a change of one means a new build. */
function includedBy(source: string): string[] {
  const text = readFileSync(join(PROJECT, source), "utf8");
  return Array.from(text.matchAll(/^#include "(.*)"$/gm), ([, name]) => join(source, "..", name!));
}

function build(
  source: string,
  headers: string[],
  command: string[],
  libraries: readonly string[] = [],
): string {
  const hash = createHash("sha256").update([...command, ...libraries].join(" "));
  for (const file of [source, ...headers]) hash.update(readFileSync(join(PROJECT, file)));
  const built = join(BUILT, `${source.replaceAll("/", "-")}-${hash.digest("hex").slice(0, 16)}`);
  if (existsSync(built)) return built;
  mkdirSync(BUILT, { recursive: true });
  const folder = mkdtempSync(join(BUILT, "build-"));
  try {
    const [program, ...args] = command.map((word) => CROSS[word] ?? word);
    const output = join(folder, "output");
    const { status, stderr, error } = spawnSync(program!, [
      ...args,
      source,
      "-o",
      output,
      ...libraries,
    ], {
      cwd: PROJECT,
      encoding: "utf8",
    });
    if (status !== 0) throw new Error(`Cannot compile ${source}: ${error?.message ?? stderr}`);
    // Another test may have built the same file in the meantime: the rename then replaces equal bytes.
    renameSync(output, built);
    return built;
  } finally {
    rmSync(folder, { recursive: true });
  }
}
