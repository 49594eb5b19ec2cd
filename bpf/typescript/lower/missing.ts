/**
 * Comparisons with values that may be missing.
 *
 * @module
 */

import type { Block } from "../code/ir.ts";
import type { Binary } from "../language/syntax.ts";
import { testFor } from "./arithmetic.ts";
import { branchOn, compareMixed, type Narrowing, NOTHING } from "./conditions.ts";
import { isKernel, kernelAddress } from "./kernel_memory.ts";
import { asLoaded } from "./loaded.ts";
import type { Program } from "./program.ts";
import { type Loaded, UNDEFINED, type Value } from "./values.ts";

/** A comparison with undefined or null. */
export function missing(
  program: Program,
  value: Value,
  other: Value,
  holds: Block,
  fails: Block,
): Narrowing | undefined {
  if (other.kind !== UNDEFINED.kind) return undefined;
  const { builder, known } = program;
  if (value.kind === "undefined") {
    builder.jump(holds);
  } else if (value.kind === "optional" && !known.has(value.pointer)) {
    builder.branch("eq", value.pointer, 0n, holds, fails);
    return { yes: [], no: [value.pointer] };
  } else if (isKernel(value)) {
    builder.branch("eq", kernelAddress(program, value), 0n, holds, fails);
  } else {
    builder.jump(fails);
  }
  return NOTHING;
}

/** A number that may be missing equals another one only if it exists, as in JavaScript. */
export function equalsIfThere(
  program: Program,
  node: Binary,
  value: Value,
  other: Value,
  holds: Block,
  fails: Block,
): Narrowing | undefined {
  const { builder, known } = program;
  if (value.kind !== "optional" || value.value === undefined || known.has(value.pointer)) {
    return undefined;
  }
  if (other.kind === "optional" && !known.has(other.pointer)) return undefined;
  const there = builder.block();
  builder.branch("ne", value.pointer, 0n, there, fails);
  builder.enter(there);
  const a = { operand: value.value, type: value.type as Loaded["type"] };
  const b = asLoaded(program, node, other);
  const { test, mixed } = testFor(program, node, "===", a, b);
  if (mixed) compareMixed(program, test, a, b, holds, fails);
  else branchOn(program, test, a, b, holds, fails);
  return { yes: [value.pointer], no: [] };
}
