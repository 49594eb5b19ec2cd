/**
 * Reads scripts and one-liners of `ts-bcc run` as kernel code.
 *
 * @module
 */

import { pathToFileURL } from "node:url";
import { statSync } from "node:fs";
import { resolve } from "node:path";
import { Kernel, type ProgramDefinition, type UserPart } from "../../kernel.ts";
import { Bpf, TsBccError } from "../../mod.ts";
import { UsageError } from "../../toolkit/options/options.ts";
import * as words from "./imports.ts";

/** Stands for the file name of one-liners in error messages. */
const EXPRESSION = "-e";

/** Kernel code without its type parameters. */
export type AnyKernel = Kernel<Record<never, never>>;

/** The code that a script exports; undefined if it exports none: it ran while being imported. */
export async function readScript(path: string): Promise<AnyKernel | undefined> {
  const status = statSync(path, { throwIfNoEntry: false });
  if (!status) throw new UsageError(`there is no file ${JSON.stringify(path)}`);
  // Otherwise a runtime says "module not found" for a folder, and hangs on a FIFO without writer.
  if (!status.isFile()) throw new UsageError(`${JSON.stringify(path)} is no file with a script`);
  nameLibrary();
  const { default: found } = await importScript(path);
  return found === undefined ? undefined : codeOf(found, path);
}

/**
 * The code of a script, loading nothing. A script that calls `Bpf.load` itself is stopped at its
 * first call, and the argument of that call is its code.
 */
export async function readUnloaded(path: string): Promise<AnyKernel | undefined> {
  const { load, open, compile } = Bpf;
  const end = (code: unknown) => {
    throw new LoadCalled(code);
  };
  Object.assign(Bpf, { load: end, open: end, compile: end });
  try {
    return await readScript(path);
  } catch (error) {
    if (error instanceof LoadCalled && error.code instanceof Kernel) return error.code as AnyKernel;
    throw error;
  } finally {
    Object.assign(Bpf, { load, open, compile });
  }
}

/** Thrown to end a script at its first `Bpf.load`, `Bpf.open` or `Bpf.compile`. */
class LoadCalled extends Error {
  readonly code: unknown;

  constructor(code: unknown) {
    super("a script that loads an object, or C, can only be run");
    this.code = code;
  }
}

/** Bun's error for a file that it cannot parse. */
interface BuildMessage {
  readonly message: string;
  readonly position?: { readonly line: number; readonly column: number } | null;
}

const isOurs = (error: Error) => error instanceof TsBccError || error instanceof LoadCalled;

async function importScript(path: string): Promise<{ default?: unknown }> {
  const full = resolve(path);
  try {
    return await import(pathToFileURL(full).href);
  } catch (error) {
    if (!(error instanceof Error) || isOurs(error)) throw error;
    const { errors: [first] = [] } = error as { errors?: BuildMessage[] };
    const { message, position } = first ?? error as BuildMessage;
    const [, line, column] =
      new RegExp(`${RegExp.escape(full)}:(\\d+):(\\d+)`).exec(error.stack ?? "") ?? [];
    const place = position ?? (line === undefined ? undefined : { line, column });
    const what = message.split("\n")[0]; // Deno's message quotes the text as well
    throw new Error([path, ...place ? [place.line, place.column] : [], ` ${what}`].join(":"), {
      cause: error,
    });
  }
}

/**
 * The programs of a one-liner, separated by commas, with all names of the language in scope.
 *
 * @throws {UsageError} when it cannot be read
 */
export function readExpression(text: string): AnyKernel {
  const names = Object.keys(words);
  let made: unknown;
  try {
    // Safe: the text comes from the command line, and runs with its user's rights.
    made = new Function(...names, `"use strict"; return [\n${text}\n];`)(...Object.values(words));
  } catch (error) {
    if (!(error instanceof SyntaxError || error instanceof ReferenceError)) throw error;
    throw new UsageError(`cannot read what is behind -e: ${error.message}`);
  }
  return codeOf(made, EXPRESSION).with({ makesMaps: true });
}

/** The code of an export: kernel code, a program, or programs in a list or by name. */
function codeOf(value: unknown, site: string): AnyKernel {
  const [only] = Array.isArray(value) && value.length === 1 ? value : [value];
  if (only instanceof Kernel) return only as AnyKernel;
  const listed = Array.isArray(value) ? value : [value];
  const user = listed.filter(isUserPart);
  const rest = listed.filter((each) => !isUserPart(each));
  const isOne = rest.length === 1;
  const programs = rest.map((each, i): [string, ProgramDefinition<never>] => {
    if (isProgram(each)) {
      return [isOne ? "program" : `program_${i + 1}`, { ...each, site: placeOf(each, site) }];
    }
    throw new UsageError(
      `${site} has to give kernel({ … }, { … }) or programs, such as ` +
        'tracepoint("sched/sched_switch", (ctx) => …)',
    );
  });
  if (programs.length === 0) throw new UsageError(`${site} gives no program`);
  return new Kernel({ programs: Object.fromEntries(programs), user });
}

/** Where a program is in error messages: FILE:LINE:COLUMN, or `-e` for a one-liner. */
const placeOf = (program: ProgramDefinition<never>, site: string) =>
  site === EXPRESSION ? site : program.site ?? site;

const isProgram = (value: unknown): value is ProgramDefinition<never> =>
  typeof value === "object" && value !== null && "hook" in value && "run" in value;

const isUserPart = (value: unknown): value is UserPart<never> =>
  typeof value === "object" && value !== null && "when" in value && "run" in value;

/** Lets scripts in any folder import from "ts-bcc" under Bun; Deno maps the name by deno.json. */
function nameLibrary(): void {
  const { Bun } = globalThis as { Bun?: BunPlugins };
  Bun?.plugin({
    name: "ts-bcc",
    setup(build) {
      build.module("ts-bcc", () => ({ exports: words, loader: "object" }));
    },
  });
}

interface BunPlugins {
  plugin(plugin: {
    name: string;
    setup(
      build: { module(name: string, load: () => { exports: object; loader: "object" }): void },
    ): void;
  }): void;
}
