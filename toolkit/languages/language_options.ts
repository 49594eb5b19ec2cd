/**
 * Options of tools that trace a language runtime.
 *
 * @module
 */

import { argument, flag, type Option, UsageError } from "../options/options.ts";
import { filterOptions } from "../options/standard_options.ts";
import { complain } from "../output/complain.ts";
import type { Language } from "./languages.ts";
import type { Runtime } from "./runtime.ts";

/** `-l`. @param others values that the tool takes besides the names of languages */
export function languageOption(
  languages: readonly Language[],
  others: readonly string[] = [],
): Option<string | undefined> {
  const names = [...languages.map(({ name }) => name), ...others];
  return {
    short: "l",
    long: "language",
    meta: "LANGUAGE",
    help: `language to trace: ${names.join(", ")} (default: what the process runs)`,
    initial: undefined,
    parse(value) {
      if (names.includes(value)) return value;
      throw new UsageError(`expected one of ${names.join(", ")}`);
    },
  };
}

/** The commands for one language each, named as in bcc: `javacalls` is `ucalls -l java`. */
export function languageCommands(
  suffix: string,
  languages: readonly Language[],
): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(languages.map(({ name }) => [name + suffix, ["-l", name]]));
}

/** The process, an argument as in bcc's tools. */
export const pidArgument = argument({ ...filterOptions.pid, help: "process id to attach to" });

/** `-v`. */
export const verboseOption = flag({
  short: "v",
  long: "verbose",
  help: "list the probe points (bcc: its program)",
});

/** The process. @throws {UsageError} when it is not given */
export function requirePid(pid: number | undefined): number {
  if (pid === undefined) throw new UsageError("expected the pid of the process to trace");
  return pid;
}

/** Prints the probe points of a tool. */
export function tellProbePoints(tool: string, { path, points }: Runtime): void {
  for (const { name, offset } of points) {
    complain(tool, `probes ${name} at 0x${offset.toString(16)} of ${path}`);
  }
}
