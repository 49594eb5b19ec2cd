/**
 * The workload of file_io.c.
 *
 * @module
 */

import assert from "node:assert/strict";
import { buildProgram } from "./build.ts";
import { Running } from "./process.ts";

/** Starts file_io.c and waits until it waits for a line, which `send()` sends. */
export async function startFileIo(...steps: string[]): Promise<Running> {
  const running = Running.start([buildProgram("file_io.c"), ...steps]);
  await running.find("stdout", /^pid \d+\n/);
  return running;
}

/** Lets file_io.c run to its end. @throws when a step failed */
export async function finishFileIo(running: Running): Promise<void> {
  running.send();
  const { status, stderr } = await running.result;
  assert.equal(status, 0, stderr);
}

/** Runs steps of file_io.c to their end; returns the process's pid. */
export async function runFileIo(...steps: string[]): Promise<number> {
  const running = await startFileIo(...steps);
  await finishFileIo(running);
  return running.pid;
}
