/**
 * Expressions from the command line, and the C generated for them.
 *
 * In the C, each token has the column of the user's text, so that compiler errors can be shown
 * there (c_source.ts). Tokens that are not C are replaced by identifiers of the same length.
 *
 * @module
 */

import { checkBrackets, literalBytes, type Token, tokensOf } from "./c_tokens.ts";
import { ProbeError } from "./probe_error.ts";

/** An expression within a probe specifier. */
export interface Expression {
  /** The complete specifier. */
  readonly probe: string;
  readonly tokens: readonly Token[];
  /** Start and end of the expression in it. */
  readonly start: number;
  readonly end: number;
}

/** The most bytes that STRCMP compares: they are on the program's stack of 512 bytes. */
const TEXT_MAX = 128;
const STRCMP = "STRCMP";

/** Parses the expression between two positions. @throws {ProbeError} */
export function parseExpression(probe: string, start: number, end: number): Expression {
  return expressionOf(probe, tokensOf(probe, start, end), start);
}

/**
 * The expression made of these tokens. @throws {ProbeError} when there are none, or brackets are
 * unbalanced
 */
export function expressionOf(
  probe: string,
  tokens: readonly Token[],
  place: number,
): Expression {
  const [first, last] = [tokens[0], tokens.at(-1)];
  if (!first || !last) throw new ProbeError("expected an expression here", probe, place);
  checkBrackets(probe, tokens);
  return { probe, tokens, start: first.at, end: last.at + last.text.length };
}

/** The expression as typed, in one line. */
export function expressionText({ probe, start, end }: Expression): string {
  return probe.slice(start, end).replaceAll(/\s+/g, " ");
}

/** The variables, functions and members that an expression names. */
export function namesOf({ tokens }: Expression): Set<string> {
  return new Set(tokens.filter(({ kind }) => kind === "name").map(({ text }) => text));
}

/** The parameters used by `$entry(NAME)`. @throws {ProbeError} */
export function entriesOf({ probe, tokens }: Expression): Token[] {
  return tokens.flatMap((token, i) => {
    if (token.text !== "$entry") return [];
    const [open, name, close] = tokens.slice(i + 1, i + 4);
    if (open?.text === "(" && name?.kind === "name" && close?.text === ")") return [name];
    throw new ProbeError("expected $entry(NAME), the name of a parameter", probe, token.at);
  });
}

/** The C variable for `$entry(name)`. */
export const entryVariable = (name: string) => `$entry_${name}`;

/**
 * The functions for STRCMP, one for each call with a byte array; its index is part of the
 * function's name.
 */
export class Comparisons {
  readonly #texts: Uint8Array[] = [];
  readonly #binary: boolean;

  /** @param binary texts are lists of bytes: `{0x6c, 0}` */
  constructor(binary: boolean) {
    this.#binary = binary;
  }

  /** The name of the function that compares with this text; as long as the word STRCMP. */
  add(probe: string, literal: Token): string {
    this.#texts.push(knownBytes(probe, literal, this.#binary));
    return nameOf(this.#texts.length - 1);
  }

  /** The functions in C. Texts are compared in full, byte lists as a prefix. */
  get code(): string {
    return this.#texts.map((bytes, i) => {
      // One byte more, to recognize a longer text, and one for the NUL.
      const size = this.#binary ? bytes.length : bytes.length + 2;
      const read = this.#binary
        ? `read_bytes(found, ${size}, address) == 0`
        : `read_text(found, ${size}, address) == ${bytes.length + 1}`;
      const same = Array.from(bytes, (byte, at) => `found[${at}] == ${byte}`).join(" && ");
      return `static __always_inline bool ${nameOf(i)}(const char *text, u64 address)\n` +
        `{\n  unsigned char found[${size}] = {};\n  return ${read} && ${same};\n}\n`;
    }).join("");
  }
}

/** The bytes to compare with. @throws {ProbeError} */
export function knownBytes(probe: string, literal: Token, isBinary: boolean): Uint8Array {
  const bytes = isBinary ? byteList(probe, literal) : literalBytes(literal.text);
  if (bytes.length > 0 && bytes.length <= TEXT_MAX) return bytes;
  throw new ProbeError(`STRCMP compares 1 to ${TEXT_MAX} bytes`, probe, literal.at);
}

const nameOf = (index: number) => `is_${String(index).padStart(3, "0")}`;

function byteList(probe: string, { text, at }: Token): Uint8Array {
  const list = /^"\s*\{(.*)\}\s*"$/.exec(text)?.[1]?.split(",").map((word) => word.trim());
  const bytes = list?.map((word) => /^(0[xX][\da-fA-F]+|\d+)$/.test(word) ? Number(word) : NaN);
  if (bytes?.every((byte) => byte <= 0xff)) return Uint8Array.from(bytes);
  throw new ProbeError('expected bytes to compare: "{0x6c, 0x00}"', probe, at);
}

/**
 * Variables for addresses that are cast (USDT probes have up to 12 arguments): libbcc then reads
 * the memory they point to.
 */
export const POINTERS: Readonly<Record<string, string>> = {
  ...Object.fromEntries(Array.from({ length: 12 }, (_, i) => [`arg${i + 1}`, `Arg${i + 1}`])),
  retval: "Retval",
  $retval: "$Retval",
};

/**
 * The variable for `args->MEMBER` of a tracepoint where MEMBER is a dynamic string (__data_loc).
 */
export const memberVariable = (member: string) => `args__${member}`;

/**
 * The C of an expression, with the columns of the user's text.
 *
 * @param variables those available: a string member is read through one
 * @throws {ProbeError}
 */
export function expressionCode(
  expression: Expression,
  comparisons: Comparisons,
  variables: Readonly<Record<string, unknown>> = {},
): string {
  const { probe, tokens, start } = expression;
  let code = "";
  const put = (text: string, at: number) => code = code.padEnd(at - start) + text;
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    const [previous, next] = [tokens[i - 1], tokens[i + 1]];
    if (token.text === STRCMP) {
      const literal = next?.text === "(" ? tokens[i + 2] : undefined;
      if (literal?.kind !== "string" || tokens[i + 3]?.text !== ",") {
        throw new ProbeError('expected STRCMP("text", address)', probe, token.at);
      }
      put(`${comparisons.add(probe, literal)}(""`, token.at);
      i += 2;
    } else if (token.text === "$entry") {
      // $entry(size) becomes $entry_size: see entriesOf().
      put("$entry_", token.at);
      put(tokens[i + 2]!.text, token.at + "$entry_".length);
      i += 3;
    } else if (isMember(tokens, i) && memberVariable(tokens[i + 2]!.text) in variables) {
      put(memberVariable(tokens[i + 2]!.text), token.at);
      i += 2;
    } else if (token.kind === "string") {
      throw new ProbeError('a text stands in STRCMP("text", address) only', probe, token.at);
    } else if (token.text === "@") {
      checkUserMark(probe, token, previous, next);
      i++;
    } else put(isCast(tokens, i) ? POINTERS[token.text] ?? token.text : token.text, token.at);
  }
  return code;
}

/** `args->filename` */
function isMember(tokens: readonly Token[], i: number): boolean {
  return tokens[i]!.text === "args" && tokens[i + 1]?.text === "->" && tokens[i + 2] !== undefined;
}

/** `(struct sock *)arg1`: preceded by a star and a bracket. */
function isCast(tokens: readonly Token[], i: number): boolean {
  return tokens[i - 1]?.text === ")" && tokens[i - 2]?.text === "*";
}

/** `arg1@user` becomes arg1: programs recognize user addresses themselves. */
function checkUserMark(
  probe: string,
  { at }: Token,
  previous: Token | undefined,
  next: Token | undefined,
): void {
  if (/^arg([1-9]|1[0-2])$/.test(previous?.text ?? "") && next?.text === "user") return;
  throw new ProbeError('"@user" stands behind arguments only: arg1', probe, at);
}
