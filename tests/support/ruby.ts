/**
 * The Ruby versions that tests trace, and the reports of rubyallocs about their processes.
 *
 * @module
 */

import assert from "node:assert/strict";
import { requireSystem } from "../vm/systems.ts";
import { PROJECT } from "./build.ts";
import type { Result, Running } from "./process.ts";
import { isolated, rowsOf, startTool } from "./tool.ts";

/** A Ruby interpreter on this machine. */
export interface Ruby {
  /** The beginning of its version. */
  readonly version: string;
  /** The path of the scripts' folder as this Ruby sees it. */
  readonly folder: string;
  /** The command that runs a script of tests/support. */
  command(script: string, ...args: readonly string[]): Promise<string[]>;
}

// Without gems, which allocate a different number of objects in each run.
const RUBY = ["ruby", "--disable=gems"];

/** Ruby of Debian 12, which test.sh installs. */
export const INSTALLED: Ruby = {
  version: "3.1.",
  folder: `${PROJECT}tests/support/`,
  command: (script, ...args) => Promise.resolve([...RUBY, INSTALLED.folder + script, ...args]),
};

/** Ruby of Debian 13, in a root directory that is downloaded once; tests change no file in it. */
export const NEWER: Ruby = {
  version: "3.3.",
  folder: "/home/",
  async command(script, ...args) {
    const packages = ["ruby", "base-files"];
    const { signal } = new AbortController();
    const root = await requireSystem("trixie-ruby", { suite: "trixie", packages }, signal);
    const preparations = [
      `mount -t tmpfs none ${root}/home`,
      `cp ${INSTALLED.folder}*.rb ${root}/home`,
    ];
    return isolated(preparations, ["chroot", root, ...RUBY, NEWER.folder + script, ...args]);
  },
};

/** A row of the report. */
export interface Row {
  readonly class: string;
  readonly total: number;
  readonly interval: number;
  readonly line?: string;
  readonly record?: string;
}

/** The rows of the last report. */
export function lastReport(result: Result): Row[] {
  const rows = rowsOf<Row>(result);
  const ends = rows.flatMap(({ record }, i) => record === "total" ? [i] : []);
  const last = rows.slice((ends.at(-2) ?? -1) + 1, ends.at(-1));
  assert.equal(last.reduce((all, { total }) => all + total, 0), rows[ends.at(-1)!]!.total);
  return last;
}

/**
 * Traces a process that waits for a line, lets it allocate, and waits until process and tool have
 * ended.
 */
export async function traceWaiting(
  target: Running,
  waiting: RegExp,
  ...args: readonly string[]
): Promise<Result> {
  await target.find("stdout", waiting);
  await using tool = await startTool("rubyallocs", "--json", ...args, String(target.pid));
  target.send();
  await target.find("stdout", /^done$/m);
  target.send();
  const result = await tool.result;
  assert.equal(result.status, 0, result.stderr);
  // The traced process may end before the tool does.
  assert.match(result.stderr, /^ready\n(rubyallocs: process \d+ ended\n)?$/);
  return result;
}
