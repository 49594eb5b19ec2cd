/**
 * The arguments of USDT probes as variables of expressions: `arg1` to `arg12`.
 *
 * At each location of a probe the arguments are where the compiler left them, with the type they
 * have there; the variable's type can hold all of these.
 *
 * @module
 */

import type { UsdtArgument } from "../../mod.ts";
import type { Machine } from "../machine/machine.ts";
import { isFloat } from "../../plumbing.ts";
import type { Expression } from "./expression.ts";
import { ProbeError } from "./probe_error.ts";
import type { Hook } from "./probe_hook.ts";

/** Argument n at all locations of a probe that have it. */
type Argument = readonly UsdtArgument[];

/** The arguments of a USDT probe; empty where there is no such probe. */
function argumentsOf(hook: Hook, path: string | undefined, machine: Machine): Argument[] {
  if (hook.kind !== "usdt" || path === undefined) return [];
  const [name, provider] = hook.name.split(":").reverse();
  const probe = machine.usdtProbes(path).find((probe) =>
    probe.name === name && (provider === undefined || probe.provider === provider)
  );
  const locations = probe?.locations.map((location) => location.arguments) ?? [];
  const most = Math.max(0, ...locations.map((all) => all.length));
  return Array.from(
    { length: most },
    (_, n) => locations.flatMap((all) => all[n] ?? []),
  );
}

/** The C type that holds the values of all locations; for floating-point numbers their bits. */
function typeOf(argument: Argument): string {
  const types = new Set(argument.map((each) => isFloat(each) ? `u${each.size * 8}` : each.type));
  if (types.size === 1) return [...types][0]!;
  return argument.some(({ signed }) => signed) ? "s64" : "u64";
}

/** The types of a probe's arguments in C, in order. */
export function usdtTypes(hook: Hook, path: string | undefined, machine: Machine): string[] {
  return argumentsOf(hook, path, machine).map(typeOf);
}

/** Their variables, in C, by name. */
export function usdtVariables(
  hook: Hook,
  path: string | undefined,
  machine: Machine,
): Record<string, string> {
  return Object.fromEntries(
    argumentsOf(hook, path, machine).flatMap((argument, i) => {
      const read = (name: string, type: string) =>
        `${type} ${name} = 0; bpf_usdt_readarg(${i + 1}, ctx, &${name});`;
      const pointer = `Arg${i + 1}`;
      return [
        [`arg${i + 1}`, read(`arg${i + 1}`, typeOf(argument))],
        // libbcc reads through a pointer that was loaded from the context once.
        [
          pointer,
          `${read(`__arg${i + 1}`, "u64")} void *${pointer} = (void *)PT_REGS_RC(ctx); ` +
          `${pointer} = (void *)__arg${i + 1};`,
        ],
      ];
    }),
  );
}

/** The floating-point arguments, and their sizes in bytes. */
export function usdtFloats(
  hook: Hook,
  path: string | undefined,
  machine: Machine,
): ReadonlyMap<string, number> {
  return new Map(
    argumentsOf(hook, path, machine).flatMap((argument, i) =>
      argument.some(isFloat) ? [[`arg${i + 1}`, argument[0]!.size]] : []
    ),
  );
}

/**
 * Checks that no expression calculates with a floating-point number: BPF has no such instructions.
 *
 * @throws {ProbeError}
 */
export function checkNoFloats(
  expressions: readonly Expression[],
  floats: ReadonlyMap<string, number>,
  instead: string,
): void {
  for (const { probe, tokens } of expressions) {
    const found = tokens.find(({ kind, text }) => kind === "name" && floats.has(text));
    if (!found) continue;
    const reason = `${found.text} is a floating-point number, which BPF cannot calculate with`;
    throw new ProbeError(`${reason}: ${instead}`, probe, found.at);
  }
}

/**
 * The size of the floating-point number that an expression is. @throws {ProbeError} when it is none
 */
export function floatSize(value: Expression, floats: ReadonlyMap<string, number>): number {
  const size = value.tokens.length === 1 ? floats.get(value.tokens[0]!.text) : undefined;
  if (size !== undefined) return size;
  throw new ProbeError(
    "expected an argument of a USDT probe that is a floating-point number: %f, %e and %g show no others",
    value.probe,
    value.start,
  );
}
