/**
 * The way in: command line to exit status.
 *
 * @module
 */

import { helpText, parseOptions, UsageError, type Values } from "./options.ts";
import { ClosedOutput, Output } from "./output.ts";
import type { standardOptions } from "./standard.ts";
import type { AnyTool } from "./tool.ts";
import { run as runTool } from "./trace.ts";

const FAILED = 1;
const BAD_USAGE = 2;

/** Runs a tool with this process's arguments and exits. */
export async function main(tool: AnyTool): Promise<never> {
  process.exit(await run(tool, process.argv.slice(2)));
}

async function run(tool: AnyTool, words: string[]): Promise<number> {
  try {
    const values = parseOptions(tool.options, words) as unknown as Values<typeof standardOptions>;
    if (values.help) await printHelp(tool);
    else await runTool(tool, values);
    return 0;
  } catch (error) {
    if (error instanceof ClosedOutput) return 0;
    const message = error instanceof Error ? error.message : String(error);
    console.error(`${tool.name}: ${message}`);
    if (!(error instanceof UsageError)) return FAILED;
    console.error(`Try '${tool.name} --help' for more information.`);
    return BAD_USAGE;
  }
}

async function printHelp(tool: AnyTool): Promise<void> {
  const output = new Output();
  output.line(helpText(tool, tool.options));
  await output.flush();
}
