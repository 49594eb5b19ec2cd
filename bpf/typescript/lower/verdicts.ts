/**
 * The meaning of a program's return value to the kernel.
 *
 * @module
 */

import type { Operand } from "../code/ir.ts";
import type { Hook } from "../language/hooks.ts";
import type { Expression } from "../language/syntax.ts";
import { requireInt } from "./arithmetic.ts";
import { lower } from "./expressions.ts";
import { asLoaded } from "./loaded.ts";
import type { Program } from "./program.ts";
import type { Scope } from "./scope.ts";
import { branches, expressionStatement, lastOf } from "./statements.ts";
import type { Value } from "./values.ts";

/** enum xdp_action; TC_ACT_… (include/uapi/linux/bpf.h, pkt_cls.h). */
const WORDS: Partial<Record<Hook["kind"], Readonly<Record<string, bigint>>>> = {
  xdp: { pass: 2n, drop: 1n, tx: 3n, aborted: 0n },
  tc: { ok: 0n, shot: 2n, next: -1n },
};

/** Other hooks whose return value matters. */
const ASKED: readonly Hook["kind"][] = ["lsm", "modifyReturn", "socketFilter"];

/** The result of a program without return: the kernel proceeds as without it. */
export function silence({ hook }: Program): bigint {
  switch (hook.kind) {
    case "xdp":
      return WORDS.xdp!.pass!;
    case "tc":
      return WORDS.tc!.next!;
    case "socketFilter":
      return 0xffff_ffffn;
    default:
      return 0n;
  }
}

/** Ends a program with its return value. */
export function verdict(
  program: Program,
  node: Expression | undefined,
  scope: Scope,
): void {
  const { builder, hook } = program;
  const isAsked = hook.kind in WORDS || ASKED.includes(hook.kind);
  if (!node || !isAsked) {
    // The return value of a tracing program is ignored.
    if (node) expressionStatement(program, node, scope);
    return builder.exit(silence(program));
  }
  const argument = lastOf(program, node, scope);
  if (argument.type === "ConditionalExpression") {
    const side = (each: Expression) => () => verdict(program, each, scope);
    const { test, consequent, alternate } = argument;
    return branches(program, test, scope, side(consequent), side(alternate));
  }
  const value = lower(program, argument, scope);
  if (value.kind === "void" || value.kind === "undefined") return builder.exit(silence(program));
  builder.exit(resultOf(program, argument, value));
}

function resultOf(program: Program, node: Expression, value: Value): Operand {
  const { kind } = program.hook;
  const words = WORDS[kind];
  if (words) {
    const code = value.kind === "string" ? words[value.text] : undefined;
    if (code !== undefined) return code;
    const names = Object.keys(words).map((word) => `"${word}"`).join(", ");
    throw program.error(node, `return one of ${names}: this is what becomes of the packet`);
  }
  const { operand } = requireInt(program, node, asLoaded(program, node, value), "return");
  if (kind === "socketFilter" || kind === "modifyReturn") return operand;
  // The kernel accepts only 0 and -1 to -4095.
  if (typeof operand === "bigint" && operand <= 0n && operand >= -4095n) return operand;
  throw program.error(
    node,
    "return 0 to allow, or a negative errno to forbid, written out: return -1 (EPERM)",
  );
}
