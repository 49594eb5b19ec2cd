/**
 * Running examples as users do.
 *
 * @module
 */

import assert from "node:assert/strict";
import { PROJECT } from "./build.ts";
import { Running } from "./process.ts";
import { scriptCommand } from "./runtime.ts";

/** The command that runs an example. */
export const exampleCommand = (name: string, ...args: string[]): string[] => [
  ...scriptCommand(`${PROJECT}examples/${name}`),
  ...args,
];

/** Starts an example and waits until its probes are attached. */
export async function startExample(name: string, ...args: string[]): Promise<Running> {
  const running = Running.start(exampleCommand(name, ...args), { env: { TSBCC_READY: "1" } });
  await running.find("stderr", /^ready$/m);
  return running;
}

/** Ends an example by SIGINT; returns what it printed. */
export async function interrupt(example: Running): Promise<string> {
  example.kill("SIGINT");
  const { status, stdout, stderr } = await example.result;
  assert.equal(status, 0, stderr);
  return stdout;
}
