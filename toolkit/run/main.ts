/**
 * Entry point of a tool: from command line to exit status.
 *
 * @module
 */

import { TsBccError } from "../../mod.ts";
import { forgetUnsafeEnvironment } from "../../plumbing.ts";
import { helpText, parseOptions, UsageError, type Values } from "../options/options.ts";
import { complain, complainLines } from "../output/complain.ts";
import { ClosedOutput, printText } from "../output/output.ts";
import type { standardOptions } from "../options/standard_options.ts";
import type { AnyTool } from "./tool.ts";
import { versionText } from "./version.ts";
import { run as runPlan, schemaOf } from "./run.ts";

const FAILED = 1;
const BAD_USAGE = 2;

/** Runs a tool with this process's arguments and exits. */
export async function main(tool: AnyTool): Promise<never> {
  process.exit(await runTool(tool, process.argv.slice(2)));
}

/** Runs a tool with these arguments; returns its exit status. */
export function runTool(tool: AnyTool, words: readonly string[]): Promise<number> {
  return statusOf(tool.name, async () => {
    const values = parseOptions(tool.options, words) as unknown as Values<typeof standardOptions>;
    if (values.help) await printText(helpText(tool, tool.options));
    else if (values.jsonSchema) {
      await printText(JSON.stringify(schemaOf(tool, values), null, 2));
    } else if (values.version) await printText(versionText(tool.name));
    else {
      forgetUnsafeEnvironment();
      return await runPlan(tool, values);
    }
    return 0;
  });
}

/** Errors that quote the user's own text have several lines. */
const hasLines = (error: unknown) =>
  error instanceof TsBccError && error.kind === "compile" ||
  error instanceof UsageError && error.showsPlace;

/** Runs a function that returns an exit status; errors become one sentence on standard error. */
export async function statusOf(
  name: string,
  body: () => Promise<number | void>,
): Promise<number> {
  try {
    return await body() ?? 0;
  } catch (error) {
    if (error instanceof ClosedOutput && error.isAnswered) return 0;
    const message = error instanceof Error ? error.message : String(error);
    if (hasLines(error)) complainLines(`${name}: ${message}`);
    else complain(name, message);
    if (!(error instanceof UsageError)) return FAILED;
    complainLines(`Try '${name} --help' for more information.`);
    return BAD_USAGE;
  }
}
