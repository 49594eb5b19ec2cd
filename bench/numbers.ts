/**
 * Numbers on a command line.
 *
 * @module
 */

import { parseArgs } from "@std/cli";
import process from "node:process";

/** Parses options such as `--name 7` and the other words; exits with a message if the command line is invalid. */
export function numbers<N extends string>(
  defaults: Readonly<Record<N, number>>,
): Record<N, number> & { readonly names: readonly string[] } {
  const wrong = (what: string): never => {
    console.error(
      `${what}: there are ${Object.keys(defaults).map((name) => `--${name}`).join(", ")}`,
    );
    process.exit(2);
  };
  const { _, ...given } = parseArgs(process.argv.slice(2), {
    string: ["_"],
    default: defaults,
    unknown: (word, key) =>
      key === undefined || Object.hasOwn(defaults, key) || wrong(`no option ${word}`),
  });
  for (const name of Object.keys(defaults) as N[]) {
    if (!(Number(given[name]) >= 0)) wrong(`--${name} takes a number`);
  }
  return { ...given, names: _.map(String) } as Record<N, number> & { names: string[] };
}
