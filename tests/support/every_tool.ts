/**
 * How each tool is started on whatever machine the tests run on, for tests that start all of them.
 *
 * @module
 */

import { readdirSync } from "node:fs";
import type { AnyTool } from "../../toolkit/run/tool.ts";
import { tools } from "../../tools/list.ts";
import { HOOKS_ELSEWHERE } from "./hooks_elsewhere.ts";

/** Instead of the sample, where that is none or probes what the whole machine runs. */
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
 * Tools that these tests leave out besides those whose hooks are elsewhere, and what is the matter; so are those whose
 * sample is `false`, with the reason beside it. Their cases start them.
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
