/**
 * Shared by tests of the one-liners of docs/typescript.md: running one on a process, and facts about processes.
 *
 * @module
 */

import { copyFileSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { buildProgram } from "./build.ts";
import { startOneLiner, stop } from "./documented.ts";
import { Script } from "./script.ts";
import { Folder } from "./workload.ts";

export interface Entry<K> {
  readonly key: K;
  readonly value: number;
}

export interface Histogram<K = undefined> {
  readonly key: K;
  readonly slots: readonly number[];
}

/** Runs a one-liner for a process while the process does its work. */
export async function traced(
  title: string,
  target: { pid: number; go(): Promise<unknown> },
  json = true,
) {
  const args = ["-p", String(target.pid), ...json ? ["--json"] : []];
  await using running = await startOneLiner(title, { args });
  await target.go();
  return await stop(running);
}

/** Runs a one-liner in a folder where ./program is functions.c. */
export async function withFunctions(title: string) {
  using folder = new Folder();
  const program = join(folder.path, "program");
  copyFileSync(buildProgram("functions.c"), program);
  await using running = await startOneLiner(title, { args: ["--json"], cwd: folder.path });
  await using script = await Script.of([program]);
  await script.go();
  return { result: await stop(running) };
}

/** The number of context switches of a process's first thread, from /proc/PID/status. */
export function switchesOf(pid: number): number {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  return Array.from(status.matchAll(/ctxt_switches:\t(\d+)/g), ([, count]) => Number(count))
    .reduce((sum, count) => sum + count, 0);
}

/** Waits until a process sleeps in a system call: only then /proc/PID/syscall names the call. */
export async function untilAsleep(pid: number): Promise<string> {
  for (;;) {
    const call = readFileSync(`/proc/${pid}/syscall`, "utf8");
    if (call.startsWith("0 ")) return call;
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
}
