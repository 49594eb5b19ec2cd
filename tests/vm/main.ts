/**
 * The common main function of the commands that run tests in guests or in other root directories:
 * options, help, signals, exit status.
 *
 * @module
 */

import process from "node:process";
import { parseArgs, type ParseArgsOptionsConfig } from "node:util";

const BAD_USAGE = 2;
const STATUS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

/** Options that all commands have. */
export const commonOptions = {
  "runtime": { type: "string", multiple: true },
  "junit": { type: "string" },
  "refresh": { type: "boolean", default: false },
  "prepare": { type: "boolean", default: false },
  "help": { type: "boolean", short: "h", default: false },
} as const;

/** A command. */
export interface Command<V extends { readonly help: boolean }> {
  /** The command's name, with which its messages begin. */
  readonly name: string;
  readonly usage: string;
  /** Parses the command line. @throws {TypeError} if it is invalid */
  parse(words: readonly string[]): V;
  /** Runs the command; returns the exit status. */
  run(values: V, signal: AbortSignal): Promise<number>;
}

/** Splits a command line into options and other words. @throws {TypeError} for an unknown option */
export function parseWords<const O extends ParseArgsOptionsConfig>(
  options: O,
  words: readonly string[],
) {
  return parseArgs({ args: [...words], options, allowPositionals: true });
}

/** Checks that a name is one of `names`, and returns it. @throws {TypeError} if it is not */
export function member<T extends string>(names: readonly T[], name: string, kind: string): T {
  const found = names.find((each) => each === name);
  if (found === undefined) throw new TypeError(`No ${kind} "${name}"`);
  return found;
}

/** Runs a command with this process's arguments, until it ends or is interrupted, and exits. */
export async function main<V extends { readonly help: boolean }>(
  command: Command<V>,
): Promise<never> {
  const interrupted = new AbortController();
  for (const name of ["SIGHUP", "SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      process.exitCode = STATUS[name];
      interrupted.abort(new Error(`Interrupted by ${name}`));
    });
  }
  try {
    const status = await runCommand(command, interrupted.signal);
    process.exitCode ||= status;
  } catch (error) {
    console.error(`${command.name}: ${error instanceof Error ? error.message : error}`);
    process.exitCode ||= 1;
  }
  process.exit();
}

function runCommand<V extends { readonly help: boolean }>(
  { name, usage, parse, run }: Command<V>,
  signal: AbortSignal,
): Promise<number> | number {
  let values: V;
  try {
    values = parse(process.argv.slice(2));
  } catch (error) {
    console.error(`${name}: ${(error as Error).message}\n\n${usage}`);
    return BAD_USAGE;
  }
  if (!values.help) return run(values, signal);
  console.log(usage);
  return 0;
}
