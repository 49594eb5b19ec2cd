/**
 * Makes programs as Fedora builds them: stripped, with a compressed symbol table in .gnu_debugdata.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { copyFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/**
 * Copies a program into a folder, stripped, with MiniDebugInfo made as gdb's manual says (chapter
 * "MiniDebugInfo"); returns the copy's path.
 *
 * @param packed a file to put into the section instead
 */
export function miniDebugProgram(program: string, folder: string, packed?: string): string {
  const path = join(folder, packed === undefined ? "program" : "other");
  copyFileSync(program, path);
  const data = packed ?? packFunctions(path, folder);
  run("strip", "--strip-all", path);
  run("objcopy", "--add-section", `.gnu_debugdata=${data}`, path);
  return path;
}

/**
 * Writes the function symbols that are not in the dynamic symbol table to an xz file; returns its
 * path.
 */
function packFunctions(path: string, folder: string): string {
  const names = (...options: string[]) =>
    run("nm", "--format=posix", "--defined-only", ...options, path).split("\n")
      .map((line) => line.split(" "));
  const dynamic = new Set(names("-D").map(([name]) => name));
  const keep = names().filter(([name, type]) => /^[TtD]$/.test(type ?? "") && !dynamic.has(name));
  const [list, debug, mini] = ["keep", "debug", "mini"].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(list, keep.map(([name]) => `${name}\n`).join(""));
  run("objcopy", "--only-keep-debug", path, debug);
  const remove = [".gdb_index", ".comment"].map((name) => `--remove-section=${name}`);
  run("objcopy", "-S", ...remove, `--keep-symbols=${list}`, debug, mini);
  run("xz", "--force", mini);
  return `${mini}.xz`;
}

function run(command: string, ...args: string[]): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${command} ${args.join(" ")}: ${error?.message ?? stderr}`);
  return stdout;
}
