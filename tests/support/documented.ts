/**
 * The one-liners of docs/typescript.md and the scripts of examples/scripts/, as users run them.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PROJECT } from "./build.ts";
import { type Result, Running } from "./process.ts";
import { scriptCommand } from "./runtime.ts";

const PAGE = join(PROJECT, "docs/typescript.md");
const TS_BCC = [...scriptCommand(join(PROJECT, "cli/ts_bcc.ts")), "run"];

/** The one-liners by their titles: the shell words that follow `ts-bcc run`. */
export function oneLiners(): ReadonlyMap<string, string> {
  const page = readFileSync(PAGE, "utf8");
  const [, section] = /^## Twenty one-liners\n([^]*?)^## /m.exec(page)!;
  const found = section!.matchAll(/^\*\*(.+)\*\*\n\n {4}ts-bcc run (.+(?:\n {4}.+)*)$/gm);
  return new Map(Array.from(found, ([, title, text]) => [title!, text!]));
}

/** How a one-liner is started. */
export interface StartOptions {
  readonly args?: readonly string[];
  readonly cwd?: string;
  /** A command that runs it: `unshare --net …`. */
  readonly within?: readonly string[];
}

/** Starts a one-liner as the page has it, and waits until its probes are attached. */
export async function startOneLiner(title: string, options: StartOptions = {}): Promise<Running> {
  const { args = [], cwd, within = [] } = options;
  const text = oneLiners().get(title);
  if (text === undefined) throw new Error(`${PAGE} has no one-liner "${title}"`);
  const shell = ["bash", "-c", `exec "$@" ${text}`, "bash"];
  return await ready([...within, ...shell, ...TS_BCC, ...args], cwd);
}

/** Starts a script of examples/scripts/ and waits until its probes are attached. */
export async function startScript(
  name: string,
  { args = [], words = [] }: { args?: readonly string[]; words?: readonly string[] } = {},
): Promise<Running> {
  return await ready([...TS_BCC, ...args, fileOf(name), ...words]);
}

/** Starts a script that needs no arguments and attaches its programs itself. */
export const launchScript = (name: string): Running => Running.start([...TS_BCC, fileOf(name)]);

const fileOf = (name: string) => join(PROJECT, "examples/scripts", name);

async function ready(command: readonly string[], cwd?: string): Promise<Running> {
  const env = { TSBCC_READY: "1" };
  const running = Running.start(command, cwd === undefined ? { env } : { env, cwd });
  await running.find("stderr", /^ready$/m);
  return running;
}

/** Ends a script by SIGINT. @throws if it fails or prints more than the ready line on standard error */
export async function stop(running: Running): Promise<Result> {
  running.kill("SIGINT");
  const result = await running.result;
  const complaint = result.stderr.replace(/^ready\n/, "");
  if (result.status === 0 && complaint === "") return result;
  throw new Error(`It ended with ${result.status}: ${complaint}`);
}

const ATTEMPTS = 5;

/**
 * Repeats an attempt that failed because ts-bcc reported missed events: the kernel does not run a
 * program while the same program runs on that CPU. So tests can compare exactly.
 */
export async function untilNoneMissed(attempt: () => Promise<void>): Promise<void> {
  for (let left = ATTEMPTS - 1;; left--) {
    try {
      return await attempt();
    } catch (error) {
      if (left === 0 || !/: missed \d+ events/.test((error as Error).message)) throw error;
    }
  }
}

/** The lines of the output that are not empty. */
export const linesOf = ({ stdout }: Result): string[] =>
  stdout.split("\n").map((line) => line.trim()).filter((line) => line !== "");

/** The `--json` records of a map: values by key, or histograms. */
export function mapOf<T>({ stdout }: Result, map: string): T[] {
  return stdout.trim().split("\n").map((line) => JSON.parse(line))
    .filter((record) => record.map === map);
}
