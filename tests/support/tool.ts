/**
 * Running tools as users do, and comparing what they say.
 *
 * A tool's tests run its module under the runtime that runs the test; with TSBCC_EXECUTABLE they
 * run it from the executable of all tools at that path instead.
 *
 * @module
 */

import assert from "node:assert/strict";
import { PROJECT } from "./build.ts";
import { type Result, Running } from "./process.ts";
import { scriptCommand } from "./runtime.ts";
import { Folder, Workload } from "./workload.ts";

/** The environment that asks for the ready line. */
export const READY = { env: { TSBCC_READY: "1" } } as const;

/** The command that runs a tool. */
export function toolCommand(name: string): string[] {
  const executable = process.env.TSBCC_EXECUTABLE;
  return executable ? [executable, name] : scriptCommand(`${PROJECT}tools/${name}/${name}.ts`);
}

/** Starts a tool and waits until its probes are in place. */
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

/** Stops a tool as Ctrl-C does; what it printed. @throws when it ends with another status than 0 */
export async function stopTool(running: Running): Promise<Result> {
  // One whose process has ended is ending by itself; a runtime that is about to exit hears no signal, and
  // would be killed by it.
  if (!running.hasPrinted("stderr", /: process \d+ ended$/m)) running.kill("SIGINT");
  const result = await running.result;
  assert.equal(result.status, 0, result.stderr);
  return result;
}

/** What a tool printed while a workload ran. */
export interface Recorded {
  readonly result: Result;
  /** The folder that was the workload's own. */
  readonly folder: string;
  /** The workload's process id. */
  readonly pid: number;
}

/**
 * Runs the steps of workload.c under a tool, from its ready line to the workload's end.
 *
 * @param args the tool's, which may name the workload
 * @param steps what the workload does in a folder of its own
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

/** Preparations after which tracefs is mounted nowhere. */
export const WITHOUT_TRACEFS: readonly string[] = [
  "while umount -l /sys/kernel/tracing; do :; done 2>/dev/null",
  "while umount -R -l /sys/kernel/debug; do :; done 2>/dev/null",
];

/** A command that runs another one as a user who has these capabilities and no other right. */
export function withCapabilities(names: readonly string[], command: readonly string[]): string[] {
  const list = names.map((name) => `+${name.toLowerCase().replace(/^cap_/, "")}`).join(",");
  const user = ["--reuid=65534", "--regid=65534", "--clear-groups"];
  const capabilities = names.length === 0
    ? []
    : [`--inh-caps=-all,${list}`, `--ambient-caps=-all,${list}`];
  return ["setpriv", ...user, ...capabilities, ...command];
}
