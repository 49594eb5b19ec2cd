/**
 * Parses the functions and values to show: `ip_send_skb(skb->len > 128, return)`.
 *
 * @module
 */

import { UsageError } from "../../toolkit/options/options.ts";

/** Comparisons, as bits of ksnoop.bpf.c: equal 1, different 2, greater 4, less 8. */
export const COMPARISONS = { "==": 1, "!=": 2, ">": 4, "<": 8, ">=": 5, "<=": 9 } as const;

/** A value to show. */
export interface Wanted {
  /** A parameter's name, or `return`. */
  readonly argument: string;
  /** A member of the struct that the parameter points to. */
  readonly member: string | undefined;
  readonly comparison: keyof typeof COMPARISONS | undefined;
  readonly compared: bigint;
}

/** A function and the values to show; `wanted` undefined: all. */
export interface Spec {
  readonly name: string;
  readonly wanted: readonly Wanted[] | undefined;
}

export const MAX_VALUES = 6;
const FUNCTION = /^([\w.]+)(?:\((.*)\))?$/;
const ARGUMENT = /^(\w+)(?:->(\w+))?(?:(==|!=|>=|<=|>|<)(-?(?:0[xX][\da-fA-F]+|\d+)))?$/;

/** Parses one function. @throws {UsageError} */
export function parseSpec(word: string): Spec {
  const text = word.replaceAll(/\s+/g, "");
  const [, name, list] = FUNCTION.exec(text) ?? [];
  if (name === undefined) {
    throw new UsageError(
      `expected FUNCTION or FUNCTION(ARGUMENT, …), found ${JSON.stringify(word)}`,
    );
  }
  if (list === undefined || list === "") return { name, wanted: undefined };
  const wanted = list.split(",").map(parseWanted);
  if (wanted.length <= MAX_VALUES) return { name, wanted };
  throw new UsageError(`too many values of ${name}: at most ${MAX_VALUES} are shown`);
}

function parseWanted(text: string): Wanted {
  const [, argument, member, comparison, number] = ARGUMENT.exec(text) ?? [];
  if (argument === undefined) {
    throw new UsageError(
      `expected ARGUMENT, ARGUMENT->MEMBER or ARGUMENT > NUMBER, found ${JSON.stringify(text)}`,
    );
  }
  const isNegative = number?.startsWith("-") ?? false;
  const size = BigInt(number?.replace("-", "") ?? 0);
  if (size >= 2n ** 64n) throw new UsageError(`${number} has more than 64 bits`);
  return {
    argument,
    member,
    comparison: comparison as Wanted["comparison"],
    compared: isNegative ? -size : size,
  };
}
