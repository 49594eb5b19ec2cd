/**
 * Primary expressions: numbers, names, parentheses and calls.
 *
 * @module
 */

import { convert, literalType, scalarOf } from "./convert.ts";
import { Helper } from "../lower/helpers.ts";
import type { Parser, WordInC } from "./parse.ts";
import { NotKnown, type Tree } from "./tree.ts";
import { CHAR, enumerator, int, type IntInC, pointerTo, S32, U32, U64, VOID } from "./types.ts";

/** Functions without arguments: kernel helpers. */
const HELPERS: Readonly<Record<string, readonly [helper: number, type: IntInC]>> = {
  bpf_ktime_get_ns: [Helper.KTIME_GET_NS, U64],
  bpf_get_current_pid_tgid: [Helper.GET_CURRENT_PID_TGID, U64],
  bpf_get_current_uid_gid: [Helper.GET_CURRENT_UID_GID, U64],
  bpf_get_current_cgroup_id: [Helper.GET_CURRENT_CGROUP_ID, U64],
  bpf_get_smp_processor_id: [Helper.GET_SMP_PROCESSOR_ID, U32],
  bpf_get_prandom_u32: [Helper.GET_PRANDOM_U32, U32],
};

/** Functions that convert between host and network byte order. */
const SWAP = /^(?:bpf_)?(?:ntoh|hton)(s|l|ll)$/;
const SWAPPED: Readonly<Record<string, IntInC["bits"]>> = { s: 16, l: 32, ll: 64 };

/** Parses a number, a name, a call or a parenthesized expression. */
export function primary(parser: Parser): Tree {
  const word = parser.word();
  switch (word.kind) {
    case "number":
      return number(word);
    case "character":
      return character(word);
    case "name":
      return parser.next?.text === "(" ? call(parser, word) : name(parser, word);
    case "symbol":
      if (word.text !== "(") break;
      {
        const tree = parser.expression();
        parser.expect(")");
        return tree;
      }
  }
  throw new NotKnown("expected expression", word.at);
}

function number({ text, at }: WordInC): Tree {
  const [, digits, suffix] = /^(0[xX][\da-fA-F]+|0[bB][01]+|\d+)([uUlL]*)$/.exec(text) ?? [];
  const isOctal = /^0[0-7]+$/.test(digits ?? "");
  if (digits === undefined || /^0\d/.test(digits) && !isOctal) {
    throw new NotKnown(`invalid number '${text}'`, at);
  }
  const isKnown = /^(?:[uU]?(?:[lL]|ll|LL)?|(?:[lL]|ll|LL)[uU])$/.test(suffix!);
  const value = BigInt(isOctal ? `0o${digits.slice(1)}` : digits);
  const type = isKnown ? literalType(value, /^[1-9]/.test(digits), suffix!) : undefined;
  if (!type) throw new NotKnown(`'${text}' is no number that C has a type for`, at);
  return { op: "constant", value, type };
}

const ESCAPES: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  e: 27,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  "\\": 92,
  "'": 39,
  '"': 34,
  "?": 63,
};

/** One byte as an int, sign-extended like a char. */
function character({ text, at }: WordInC): Tree {
  const inside = text.slice(1, -1);
  const [, hex, octal, escaped] = /^\\(?:x([\da-fA-F]+)|([0-7]{1,3})|(.))$/.exec(inside) ?? [];
  const code = hex !== undefined
    ? parseInt(hex, 16)
    : octal !== undefined
    ? parseInt(octal, 8)
    : escaped !== undefined
    ? ESCAPES[escaped]
    : inside.length === 1 && inside !== "\\"
    ? inside.charCodeAt(0)
    : undefined;
  if (
    code === undefined || code > 0xff || (code > 0x7f && hex === undefined && octal === undefined)
  ) {
    throw new NotKnown(`'${inside}' is not one byte`, at);
  }
  return { op: "constant", value: BigInt.asIntN(CHAR.bits, BigInt(code)), type: S32 };
}

function name(parser: Parser, { text, at }: WordInC): Tree {
  const variable = parser.scope.variables.get(text);
  const problem = variable?.problem?.();
  if (problem !== undefined) throw new NotKnown(problem, at);
  if (variable?.read) {
    const { read, type, isKernel = false } = variable;
    return { op: "variable", read, type, isKernel };
  }
  if (variable?.type.kind === "pointer") return { op: "context", type: variable.type };
  const constant = (value: bigint, type: IntInC): Tree => ({ op: "constant", value, type });
  if (text === "true" || text === "false") return constant(text === "true" ? 1n : 0n, S32);
  if (text === "NULL") return convert(constant(0n, U64), pointerTo(VOID));
  const known = enumerator(text);
  if (known) return constant(known.value, known.type);
  throw new NotKnown(`use of undeclared identifier '${text}'`, at);
}

function call(parser: Parser, { text, at }: WordInC): Tree {
  parser.expect("(");
  const helper = Object.hasOwn(HELPERS, text) ? HELPERS[text] : undefined;
  if (helper) {
    parser.expect(")");
    return { op: "helper", helper: helper[0], type: helper[1] };
  }
  if (text === "STRCMP") {
    const known = parser.scope.compare(parser.word());
    parser.expect(",");
    const place = parser.at;
    const address = convert(scalarOf(parser.expression(), place, "argument"), U64);
    parser.expect(")");
    return { op: "same", known, address, type: S32 };
  }
  const size = SWAP.exec(text)?.[1];
  if (size !== undefined) {
    const type = int(SWAPPED[size]!, false);
    const of = convert(scalarOf(parser.expression(), at, "argument"), type);
    parser.expect(")");
    return { op: "swap", of, type };
  }
  if (text === "$entry") {
    const parameter = parser.word();
    parser.expect(")");
    return name(parser, { ...parameter, text: `$entry(${parameter.text})` });
  }
  throw new NotKnown(`use of undeclared function '${text}'`, at);
}
