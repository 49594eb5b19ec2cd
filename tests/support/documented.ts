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

/** The one-liners by their titles: what stands behind `ts-bcc run`, for a shell. */
export function oneLiners(): ReadonlyMap<string, string> {
  const page = readFileSync(PAGE, "utf8");
  const [, section] = /^## Twenty one-liners\n([^]*?)^## /m.exec(page)!;
  const found = section!.matchAll(/^\*\*(.+)\*\*\n\n {4}ts-bcc run (.+(?:\n {4}.+)*)$/gm);
  return new Map(Array.from(found, ([, title, text]) => [title!, text!]));
}

/** Where one runs, and with what besides. */
export interface StartOptions {
  readonly args?: readonly string[];
  readonly cwd?: string;
  /** In front of it: `unshare --net …`. */
  readonly within?: readonly string[];
}

/** Starts a one-liner as it is in the page, and waits until it traces. */
export async function startOneLiner(title: string, options: StartOptions = {}): Promise<Running> {
  const { args = [], cwd, within = [] } = options;
  const text = oneLiners().get(title);
  if (text === undefined) throw new Error(`${PAGE} has no one-liner "${title}"`);
  const shell = ["bash", "-c", `exec "$@" ${text}`, "bash"];
  return await ready([...within, ...shell, ...TS_BCC, ...args], cwd);
}

/** Starts a script of examples/scripts/ and waits until it traces. */
export async function startScript(
  name: string,
  { args = [], words = [] }: { args?: readonly string[]; words?: readonly string[] } = {},
): Promise<Running> {
  return await ready([...TS_BCC, ...args, fileOf(name), ...words]);
}

/** Starts a script that does all by itself. */
export const launchScript = (name: string): Running => Running.start([...TS_BCC, fileOf(name)]);

const fileOf = (name: string) => join(PROJECT, "examples/scripts", name);

async function ready(command: readonly string[], cwd?: string): Promise<Running> {
  const env = { TSBCC_READY: "1" };
  const running = Running.start(command, cwd === undefined ? { env } : { env, cwd });
  await running.find("stderr", /^ready$/m);
  return running;
}

/** Ends it by Ctrl-C. @throws when it says anything on standard error, or fails */
export async function stop(running: Running): Promise<Result> {
  running.kill("SIGINT");
  const result = await running.result;
  const complaint = result.stderr.replace(/^ready\n/, "");
  if (result.status === 0 && complaint === "") return result;
  throw new Error(`It ended with ${result.status}: ${complaint}`);
}

const ATTEMPTS = 5;

/**
 * Tries again where the kernel did not run the program at some event, on top of itself on the same CPU,
 * and ts-bcc told so: what is compared stays exact.
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

/** Its lines that are not empty. */
export const linesOf = ({ stdout }: Result): string[] =>
  stdout.split("\n").map((line) => line.trim()).filter((line) => line !== "");

/** What it tells of a map with `--json`: values by key, or histograms. */
export function mapOf<T>({ stdout }: Result, map: string): T[] {
  return stdout.trim().split("\n").map((line) => JSON.parse(line))
    .filter((record) => record.map === map);
}
