/**
 * Computes `a % b` after `a / b` with a multiplication and a subtraction: a second division takes
 * some twenty cycles.
 *
 * @module
 */

import { type Code, type Operand, type Operation, type Reg, written } from "./ir.ts";

/** A quotient that a register holds. */
interface Quotient {
  readonly a: Reg;
  readonly b: Operand;
  readonly reg: Reg;
}

/**
 * The same program, where `a % b` behind `a / b` is `a - (a / b) * b`: for b = 0 that gives a, as
 * BPF defines it.
 */
export function withoutRemainders(code: Code): Code {
  let { registers } = code;
  for (const { operations } of code.blocks) {
    if (!operations.some(isRemainder)) continue;
    let known: Quotient[] = [];
    const old = operations.splice(0);
    for (const operation of old) {
      const found = isRemainder(operation) &&
        known.find(({ a, b }) => a === operation.a && b === operation.b);
      if (found) {
        const { dst, a, b, line } = operation;
        const product = registers++;
        operations.push(
          { op: "alu", fn: "mul", dst: product, a: found.reg, b, line },
          { op: "alu", fn: "sub", dst, a, b: product, line },
        );
      } else operations.push(operation);
      const reg = written(operation);
      known = known.filter(({ a, b, reg: quotient }) => reg !== a && reg !== b && reg !== quotient);
      if (operation.op !== "alu" || operation.fn !== "div") continue;
      const { a, b, dst } = operation;
      if (dst !== a && dst !== b) known.push({ a, b, reg: dst });
    }
  }
  return { ...code, registers };
}

function isRemainder(operation: Operation): operation is Extract<Operation, { op: "alu" }> {
  return operation.op === "alu" && operation.fn === "mod";
}
