/**
 * Runs C compilers, for tests that compare with C itself.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** Whether a compiler of this name can be started. */
export function hasCompiler(compiler: string): boolean {
  return spawnSync(compiler, ["--version"]).status === 0;
}

/** Compiles C text with warnings as errors, runs the program and returns what it printed. */
export function runC(compiler: string, text: string, flags: readonly string[] = []): string {
  return inFolder((folder) => {
    const program = join(folder, "program");
    compile(compiler, folder, text, [...flags, "-o", program]);
    return run(program, []);
  });
}

/** Checks that C text compiles without warnings; writes no output file. */
export function checkC(compiler: string, text: string, flags: readonly string[] = []): void {
  inFolder((folder) => compile(compiler, folder, text, [...flags, "-fsyntax-only"]));
}

function compile(compiler: string, folder: string, text: string, flags: readonly string[]): void {
  if (!hasCompiler(compiler)) {
    throw new Error(
      `Cannot run the C compiler "${compiler}": install gcc (Debian: apt install gcc)`,
    );
  }
  const source = join(folder, "program.c");
  writeFileSync(source, text);
  run(compiler, ["-std=c11", "-Wall", "-Werror", source, ...flags]);
}

function run(command: string, args: readonly string[]): string {
  const { status, signal, stdout, stderr, error } = spawnSync(command, args, {
    encoding: "utf8",
    maxBuffer: 64 << 20,
  });
  if (error) throw error;
  if (status !== 0) {
    throw new Error(`Cannot run ${command}: ${signal ?? `exit status ${status}`}\n${stderr}`);
  }
  return stdout;
}

function inFolder<T>(use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), "ts-bcc-c-"));
  try {
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
