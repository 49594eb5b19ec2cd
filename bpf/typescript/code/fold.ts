/**
 * Constant folding with BPF's arithmetic: 64 bits that wrap, division by zero gives 0.
 *
 * @module
 */

import type { Arithmetic, Test } from "./ir.ts";

/** Computes as the kernel's interpreter and JITs do; the result is unsigned. */
export function compute(fn: Arithmetic, a: bigint, b: bigint): bigint {
  const [x, y] = [unsigned(a), unsigned(b)];
  switch (fn) {
    case "add":
      return unsigned(x + y);
    case "sub":
      return unsigned(x - y);
    case "mul":
      return unsigned(x * y);
    case "div":
      return y === 0n ? 0n : x / y;
    case "mod":
      return y === 0n ? x : x % y;
    case "and":
      return x & y;
    case "or":
      return x | y;
    case "xor":
      return x ^ y;
    case "lsh":
      return unsigned(x << (y & 63n));
    case "rsh":
      return x >> (y & 63n);
    case "arsh":
      return unsigned(BigInt.asIntN(64, x) >> (y & 63n));
  }
}

/** Evaluates a comparison of constants. */
export function holds(test: Test, a: bigint, b: bigint): boolean {
  const signed = test.startsWith("s");
  const [x, y] = signed ? [BigInt.asIntN(64, a), BigInt.asIntN(64, b)] : [unsigned(a), unsigned(b)];
  switch (test) {
    case "eq":
      return x === y;
    case "ne":
      return x !== y;
    case "gt":
    case "sgt":
      return x > y;
    case "ge":
    case "sge":
      return x >= y;
    case "lt":
    case "slt":
      return x < y;
    case "le":
    case "sle":
      return x <= y;
  }
}

const unsigned = (value: bigint) => BigInt.asUintN(64, value);
