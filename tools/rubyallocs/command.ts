/**
 * Finds the Ruby that a command will run, and inspects it before the command runs.
 *
 * @module
 */

import { inspectRuby, type RubyRuntime } from "./runtime.ts";

const MOST_SCRIPTS = 4;
const LINE = 256; // bytes of a `#!` line: BINPRM_BUF_SIZE of include/uapi/linux/binfmts.h
// The scout process loads no user code: no gems, no RUBYOPT.
const SCOUT = ["--disable=all", "-e", "$stdout.puts; $stdout.flush; $stdin.read"];

/**
 * Inspects the Ruby that will run a command.
 *
 * The allocation sites of a stripped libruby can only be found in a process that has loaded it. So
 * the command's interpreter is first started without a script, inspected, and ended.
 */
export async function inspectCommand(command: readonly string[]): Promise<RubyRuntime> {
  const { spawn } = await import("node:child_process");
  const interpreter = await interpreterOf(command[0]!);
  const { RUBYOPT: _, RUBYLIB: __, ...env } = process.env;
  const scout = spawn(interpreter, SCOUT, { env, stdio: ["pipe", "pipe", "ignore"] });
  scout.stdin.on("error", () => {}); // EPIPE: the scout ended without reading
  try {
    await new Promise<void>((resolve, reject) => {
      scout.stdout.once("data", () => resolve());
      scout.once("error", reject);
      scout.once("exit", () => reject(new Error(`Cannot run ${interpreter}: it ended at once`)));
    });
    const runtime = inspectRuby(scout.pid!);
    return { ...runtime, path: runtime.name };
  } finally {
    scout.removeAllListeners();
    scout.stdin.end();
  }
}

/** The Ruby interpreter of a command: the command itself, or the one in its `#!` line. */
async function interpreterOf(command: string): Promise<string> {
  let name = command;
  for (let i = 0; i < MOST_SCRIPTS; i++) {
    const path = await findProgram(name);
    if (path === undefined) throw new Error(`Cannot run ${JSON.stringify(name)}: no such program`);
    if (/^ruby[\d.]*$/.test(path.slice(path.lastIndexOf("/") + 1))) return path;
    const words = await shebangOf(path);
    if (!words) break;
    const isEnv = words[0]!.endsWith("/env");
    name = isEnv ? words.slice(1).find((word) => !/^-|=/.test(word)) ?? "env" : words[0]!;
  }
  throw new Error(
    `Cannot tell which Ruby ${JSON.stringify(command)} runs: begin the command with the ` +
      "interpreter, as in: -c ruby script.rb",
  );
}

/** Finds a program as the shell does. */
async function findProgram(name: string): Promise<string | undefined> {
  const { accessSync, constants, statSync } = await import("node:fs");
  const folders = name.includes("/") ? [""] : (process.env.PATH ?? "").split(":");
  return folders.map((folder) => folder === "" ? name : `${folder}/${name}`).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return statSync(path).isFile();
    } catch {
      return false;
    }
  });
}

/** The words after `#!` in a script's first line. */
async function shebangOf(path: string): Promise<string[] | undefined> {
  const { closeSync, openSync, readSync } = await import("node:fs");
  const fd = openSync(path, "r");
  try {
    const bytes = new Uint8Array(LINE);
    const text = new TextDecoder().decode(bytes.subarray(0, readSync(fd, bytes)));
    const [, line] = /^#![ \t]*(\S[^\n]*)/.exec(text) ?? [];
    return line?.trim().split(/[ \t]+/);
  } finally {
    closeSync(fd);
  }
}
