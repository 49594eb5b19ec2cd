/**
 * Tokenizes C expressions from the command line, and rejects everything else.
 *
 * Expressions become part of a program, so only tokens of expressions are let through: no
 * statements, preprocessor lines, comments or assignments.
 *
 * @module
 */

import { ProbeError } from "./probe_error.ts";

/** Kinds of tokens. */
export type TokenKind = "name" | "number" | "string" | "character" | "symbol";

/** A token and its position. */
export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly at: number;
}

/** The pattern of each kind of token, tried in this order. */
const WORDS: readonly (readonly [TokenKind, RegExp])[] = [
  ["name", /[$A-Za-z_][$\w]*/y],
  ["number", /(?:0[xX][\da-fA-F]+|0[bB][01]+|\d+)[uUlL]*(?![\w.])/y],
  ["string", /"(?:[^"\\\p{Cc}]|\\[^\p{Cc}])*"/uy],
  ["character", /'(?:[^'\\\p{Cc}]|\\[^\p{Cc}]+?)'/uy],
  ["symbol", /->|<<(?!=)|>>(?!=)|[<>=!]=|&&|\|\||[-+*/%&|^](?!=)|[~!<>?:.,()[\]@]/y],
];

/** Tokens that expressions cannot contain, with the error message. */
const REFUSED: readonly (readonly [RegExp, string])[] = [
  [/\/[*/]/y, "expressions have no comments"],
  [/\+\+|--/y, "an expression cannot assign"],
  [/(?:<<|>>|[-+*/%&|^])?=(?!=)/y, 'an expression cannot assign: to compare use "=="'],
  [/"/y, "this text has no end: a quotation mark is missing"],
  [/'/y, "this character has no end, or is more than one"],
  [/\d/y, "expected a whole number: 10, 0x1f, 100ul"],
  [/;/y, "expected one expression, not statements"],
];

/** Splits the part of a text from `start` to `end` into tokens. @throws {ProbeError} */
export function tokensOf(text: string, start = 0, end = text.length): Token[] {
  const part = text.slice(0, end);
  const found: Token[] = [];
  const at = (pattern: RegExp, place: number) => {
    pattern.lastIndex = place;
    return pattern.exec(part)?.[0];
  };
  for (let place = start; place < end;) {
    const space = at(/\s+/y, place);
    if (space !== undefined) {
      place += space.length;
      continue;
    }
    const refused = REFUSED.slice(0, 3).find(([pattern]) => at(pattern, place) !== undefined);
    if (refused) throw new ProbeError(refused[1], text, place);
    const word = WORDS.map(([kind, pattern]) => ({ kind, text: at(pattern, place) }))
      .find((word) => word.text !== undefined);
    if (word?.text === undefined) throw refusal(text, place, at);
    found.push({ kind: word.kind, text: word.text, at: place });
    place += word.text.length;
  }
  return found;
}

function refusal(
  text: string,
  place: number,
  at: (pattern: RegExp, place: number) => string | undefined,
): ProbeError {
  const reason = REFUSED.find(([pattern]) => at(pattern, place) !== undefined)?.[1];
  const character = String.fromCodePoint(text.codePointAt(place)!);
  return new ProbeError(reason ?? `no expression has ${JSON.stringify(character)}`, text, place);
}

const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]" };

/** Checks that brackets are balanced. @throws {ProbeError} */
export function checkBrackets(text: string, tokens: readonly Token[]): void {
  const open: Token[] = [];
  for (const token of tokens) {
    if (token.kind !== "symbol") continue;
    if (token.text in CLOSING) open.push(token);
    if (token.text !== ")" && token.text !== "]") continue;
    const partner = open.pop();
    if (partner && CLOSING[partner.text] === token.text) continue;
    throw new ProbeError(`this "${token.text}" closes nothing`, text, token.at);
  }
  const last = open.at(-1);
  if (last) {
    throw new ProbeError(`this "${last.text}" is never closed`, text, last.at);
  }
}

/** Splits tokens at certain symbols outside brackets. */
export function splitTokens(tokens: readonly Token[], separator: string): Token[][] {
  const parts: Token[][] = [[]];
  let depth = 0;
  let questions = 0; // a ? b : c
  for (const token of tokens) {
    const symbol = token.kind === "symbol" ? token.text : "";
    if (symbol === "(" || symbol === "[") depth++;
    if (symbol === ")" || symbol === "]") depth--;
    if (symbol === "?" && depth === 0) questions++;
    const isAnswer = symbol === ":" && questions > 0;
    if (isAnswer && depth === 0) questions--;
    if (symbol === separator && depth === 0 && !isAnswer) parts.push([]);
    else parts.at(-1)!.push(token);
  }
  return parts;
}

/** The bytes of a quoted text, with C's escapes. */
export function literalBytes(literal: string): Uint8Array {
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  const parts = literal.slice(1, -1).matchAll(/\\(x[\da-fA-F]+|[0-7]{1,3}|.)|[^\\]+/gsu);
  for (const [all, escape] of parts) {
    if (escape === undefined) bytes.push(...encoder.encode(all));
    else if (/^x./.test(escape)) bytes.push(parseInt(escape.slice(1), 16) & 0xff);
    else if (/^[0-7]/.test(escape)) bytes.push(parseInt(escape, 8) & 0xff);
    else bytes.push(...encoder.encode(ESCAPES[escape] ?? escape));
  }
  return Uint8Array.from(bytes);
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: "\x07",
  b: "\b",
  e: "\x1b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};
