/**
 * Runs tools as users do, and collects their output.
 *
 * Tests run a tool's module under the runtime that runs the test. If TSBCC_EXECUTABLE is set, they run
 * the executable of all tools at that path instead.
 *
 * @module
 */

import assert from "node:assert/strict";
import { PROJECT } from "./build.ts";
import { type Result, Running } from "./process.ts";
import { scriptCommand } from "./runtime.ts";
import { Folder, Workload } from "./workload.ts";

/** Options with the environment variable that makes a tool print its ready line. */
export const READY = { env: { TSBCC_READY: "1" } } as const;

/** The command that runs a tool. */
export function toolCommand(name: string): string[] {
  const executable = process.env.TSBCC_EXECUTABLE;
  return executable ? [executable, name] : scriptCommand(`${PROJECT}tools/${name}/${name}.ts`);
}

/** Starts a tool and waits for its ready line: all programs are attached. */
export async function startTool(name: string, ...args: string[]): Promise<Running> {
  const running = Running.start([...toolCommand(name), ...args], READY);
  try {
    await running.find("stderr", /^ready$/m);
  } catch (error) {
    await running[Symbol.asyncDispose]();
    throw error;
  }
  return running;
}

/** Runs a tool to its end. */
export function runTool(name: string, ...args: string[]): Promise<Result> {
  return Running.start([...toolCommand(name), ...args]).result;
}

/** Stops a tool by SIGINT; returns what it printed. @throws when it ends with another status than 0 */
export async function stopTool(running: Running): Promise<Result> {
  // A tool whose traced process has ended exits by itself. A signal then might come when the runtime has
  // already removed its handlers, and would kill it.
  if (!running.hasPrinted("stderr", /: process \d+ ended$/m)) running.kill("SIGINT");
  const result = await running.result;
  assert.equal(result.status, 0, result.stderr);
  return result;
}

/** The result of a tool that ran while a workload ran. */
export interface Recorded {
  readonly result: Result;
  /** The workload's own folder. */
  readonly folder: string;
  /** The workload's process id. */
  readonly pid: number;
}

/**
 * Runs a tool while workload.c does its steps, from the tool's ready line to the workload's end.
 *
 * @param args the tool's arguments, which may depend on the workload's pid
 * @param steps the workload's steps, in a folder of its own
 */
export async function recordTool(
  name: string,
  args: (workload: Workload) => string[],
  steps: (folder: string) => string[],
): Promise<Recorded> {
  using folder = new Folder();
  await using workload = await Workload.start(...steps(folder.path));
  await using running = await startTool(name, ...args(workload));
  await workload.go();
  const result = await stopTool(running);
  return { result, folder: folder.path, pid: workload.pid };
}

/** The records of `--json`. */
export function rowsOf<Row>({ stdout }: Result): Row[] {
  return stdout.trim().split("\n").filter(Boolean).map((line) => JSON.parse(line) as Row);
}

/** `prefix0`, `prefix1` … as the steps of workload.c name files. */
export const numbered = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}`);

/** A command that runs another one in a mount namespace of its own, after these preparations. */
export function isolated(preparations: readonly string[], command: readonly string[]): string[] {
  const script = ["set -e", ...preparations, 'exec "$@"'].join("\n");
  return ["unshare", "--mount", "sh", "-c", script, "sh", ...command];
}

/** Shell commands for `isolated` that unmount tracefs everywhere. */
export const WITHOUT_TRACEFS: readonly string[] = [
  "while umount -l /sys/kernel/tracing; do :; done 2>/dev/null",
  "while umount -R -l /sys/kernel/debug; do :; done 2>/dev/null",
];

/** A command that runs another one as an unprivileged user with only these capabilities. */
export function withCapabilities(names: readonly string[], command: readonly string[]): string[] {
  const list = names.map((name) => `+${name.toLowerCase().replace(/^cap_/, "")}`).join(",");
  const user = ["--reuid=65534", "--regid=65534", "--clear-groups"];
  const capabilities = names.length === 0
    ? []
    : [`--inh-caps=-all,${list}`, `--ambient-caps=-all,${list}`];
  return ["setpriv", ...user, ...capabilities, ...command];
}
