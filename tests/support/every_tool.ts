/**
 * The arguments with which each tool starts on the machine of the tests, for tests that start all tools.
 *
 * @module
 */

import { readdirSync } from "node:fs";
import type { AnyTool } from "../../toolkit/run/tool.ts";
import { tools } from "../../tools/list.ts";
import { HOOKS_ELSEWHERE } from "./hooks_elsewhere.ts";

/** Arguments to use in place of a tool's sample, where it has none or where it would probe all processes. */
const ARGUMENTS: Readonly<Record<string, readonly string[]>> = {
  biolatpcts: [readdirSync("/sys/block")[0]!],
  funclatency: ["-p", String(process.pid), "c:getpid"],
  memleak: ["-p", String(process.pid)],
  offcputime: ["-p", String(process.pid)],
  offwaketime: ["-p", String(process.pid)],
  threadsnoop: ["-p", String(process.pid)],
  wakeuptime: ["-p", String(process.pid)],
};

/**
 * Tools that these tests leave out, with the reason; their cases start them. Also left out are tools of
 * HOOKS_ELSEWHERE, and those whose sample is `false` (the reason is beside the sample).
 */
const NOT_STARTED: Readonly<Record<string, string>> = {
  bpflist: "only lists",
  rubyallocs: "needs a Ruby",
  tplist: "only lists",
};

/** A tool and arguments that start it. */
export interface StartableTool {
  readonly tool: AnyTool;
  readonly args: readonly string[];
}

/** All tools that start by themselves on the machine of the tests. */
export const startableTools: readonly StartableTool[] = (await Promise.all(
  Object.values(tools).map(async (load): Promise<StartableTool[]> => {
    const tool = (await load()).default;
    const args = ARGUMENTS[tool.name] ?? tool.sample ?? [];
    const isLeftOut = tool.name in NOT_STARTED || tool.name in HOOKS_ELSEWHERE;
    return args === false || isLeftOut ? [] : [{ tool, args }];
  }),
)).flat();
