/**
 * The programs of languages/, written in languages with a runtime, as workloads that wait until a test
 * lets them run.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, join } from "node:path";
import { PROJECT } from "./build.ts";
import type { Job } from "./cases.ts";
import { Script } from "./script.ts";

const FOLDER = join(PROJECT, "tests/support/languages");
const BUILT = join(PROJECT, ".tools", "tests");

const COMMANDS: Readonly<Record<string, readonly string[]>> = {
  js: ["/usr/bin/node", "--expose-gc"],
  php: ["/usr/bin/env", "USE_ZEND_DTRACE=1", "/usr/bin/php"],
  pl: ["/usr/bin/perl"],
  py: ["/usr/bin/python3"],
  rb: ["/usr/bin/ruby"],
  tcl: ["/usr/bin/tclsh"],
};

/** A program of languages/, by its file's name. It prints "pid PID" and waits for a line. */
export function program(file: string, ...args: string[]): { start(): Promise<Script> } {
  const ending = file.slice(file.lastIndexOf(".") + 1);
  return { start: () => Script.of([...COMMANDS[ending]!, join(FOLDER, file), ...args]) };
}

/**
 * A class of languages/, run by Java with these options, and with the serial collector unless they name
 * another.
 */
export function javaProgram(name: string, ...options: string[]): { start(): Promise<Job> } {
  return { start: () => Script.of(javaCommand(name, ...options)) };
}

/** The command that runs a class of languages/. */
export function javaCommand(name: string, ...options: string[]): string[] {
  const isChosen = options.some((option) => /^-XX:\+Use\w+GC$/.test(option));
  const all = isChosen ? options : ["-XX:+UseSerialGC", ...options];
  return ["/usr/bin/java", ...all, "-cp", built(name), name];
}

/** Compiles a class once (guests see the host's files); returns the folder of the class file. */
function built(name: string): string {
  const source = join(FOLDER, `${name}.java`);
  const hash = createHash("sha256").update(readFileSync(source)).digest("hex").slice(0, 16);
  const path = join(BUILT, `${basename(source)}-${hash}`);
  if (existsSync(path)) return path;
  mkdirSync(BUILT, { recursive: true });
  const folder = mkdtempSync(join(BUILT, "build-"));
  const { status, stderr } = spawnSync("javac", ["-d", folder, source], { encoding: "utf8" });
  if (status !== 0) throw new Error(`Cannot compile ${source}: ${stderr}`);
  try {
    renameSync(folder, path);
  } catch {
    rmSync(folder, { recursive: true }); // another test has built it in the meantime
  }
  return path;
}
