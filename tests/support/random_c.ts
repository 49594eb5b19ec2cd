/**
 * Random C expressions, to compare two compilers.
 *
 * @module
 */

import { randomNumbers } from "./random_expressions.ts";

/** The variables of the expressions, with their types. */
export const C_VARIABLES: Readonly<Record<string, string>> = {
  a: "s8",
  b: "u8",
  c: "s16",
  d: "u16",
  e: "s32",
  f: "u32",
  g: "s64",
  h: "u64",
};

const NUMBERS = ["0", "1", "2", "7", "-1", "255u", "0x80", "'a'", "'\\xff'", "32768", "65535u"]
  .concat(["2147483647", "0x80000000", "4294967295", "1ul", "0x7fffffffffffffff", "-9l", "010"])
  .concat(["18446744073709551615ull", "sizeof(int)", "sizeof(a)"]);
const TYPES = [...Object.values(C_VARIABLES), "_Bool", "unsigned", "long", "char", "unsigned char"];

/** An expression without undefined behaviour in C with wrapping arithmetic (-fwrapv). */
export function randomExpression(seed: number): string {
  const next = randomNumbers(seed);
  const among = <T>(list: readonly T[]): T => list[next() % list.length]!;
  const expression = (depth: number): string => {
    if (depth === 0) return next() % 3 === 0 ? among(NUMBERS) : among(Object.keys(C_VARIABLES));
    const inner = () => expression(depth - 1 - next() % 2 > 0 ? depth - 1 : 0);
    switch (next() % 12) {
      case 0:
      case 1:
      case 2:
        return `(${inner()} ${among(["+", "-", "*", "&", "|", "^"])} ${inner()})`;
      case 3:
        return `(${inner()} ${among(["<", "<=", ">", ">=", "==", "!="])} ${inner()})`;
      case 4:
        return `(${inner()} ${among(["&&", "||"])} ${inner()})`;
      case 5:
        return `(${inner()} ? ${inner()} : ${inner()})`;
      case 6:
      case 7:
        return `(${among(TYPES)})${inner()}`;
      case 8:
        return `${among(["-", "~", "!", "+"])} ${inner()}`;
      case 9:
        return `(${inner()} ${among(["<<", ">>"])} ${next() % 32})`;
      case 10:
        // The divisor is neither 0 nor -1: division by 0, and of the least number by -1, is
        // undefined in C.
        return `(${inner()} ${among(["/", "%"])} ((${among(["s32", "u32", "s64", "u64"])})(${
          among(["e", "f", "g"])
        } & 7) + 1))`;
      default:
        return `(${inner()} ${among(["+", "-", "<", "&", "=="])} ${inner()} ${
          among(["+", "*", "|", "^", "!="])
        } ${inner()})`;
    }
  };
  return expression(2 + next() % 3);
}
