/**
 * Parses the call chain of `inject`: functions that call one another, each with a test (predicate)
 * of its parameters.
 *
 * @module
 */

import {
  checkBrackets,
  splitTokens,
  type Token,
  tokensOf,
} from "../../toolkit/probe_language/c_tokens.ts";
import { ProbeError } from "../../toolkit/probe_language/probe_error.ts";
import { parseSignature } from "../../toolkit/probe_language/signature.ts";

/** A function in the call chain. */
export interface Call {
  /** Undefined: the function that is made to fail. */
  readonly function: string | undefined;
  /** The user's parameter names, in order. */
  readonly parameters: readonly string[];
  /** The predicate as kernel code in TypeScript; undefined: always true. */
  readonly test: string | undefined;
}

/** How many bytes of a text are compared at most. */
const TEXT_BYTES = 128;
/** Constants, which cannot be parameters, and what they are in TypeScript. */
const WORDS: Readonly<Record<string, string>> = { true: "true", false: "false", NULL: "undefined" };
/** Operators that TypeScript spells differently. */
const SYMBOLS: Readonly<Record<string, string>> = { "->": ".", "==": "===", "!=": "!==" };
const ARROW = "=>";

/** Parses `FUNCTION([ARGS])[(TEST)] [=> …]`, innermost first. @throws {ProbeError} */
export function parseChain(spec: string): Call[] {
  const text = withQuotes(spec);
  let start = 0;
  return text.split(ARROW).map((part) => {
    const end = start + part.length;
    const call = parseCall(text, start, end);
    start = end + ARROW.length;
    return call;
  });
}

/** A parameter's name in the code: the user's name may be reserved in TypeScript, such as `new`. */
export const variable = (parameter: string) => `$${parameter}`;

/** bcc's tool accepts single quotes: 'bananas'. */
const withQuotes = (spec: string) =>
  spec.replaceAll(/'([^'"\\]{2,})'/g, (_, text: string) => `"${text}"`);

function parseCall(spec: string, start: number, end: number): Call {
  const [, name = "", gap = ""] = /^\s*([A-Za-z_][\w.]*)?(\s*)/.exec(spec.slice(start, end))!;
  const before = spec.slice(start, end).search(/\S/);
  if (before < 0) throw new ProbeError("expected a function or a test here", spec, end);
  let at = start + (name ? before + name.length + gap.length : before);
  const groups: [number, number][] = [];
  while (at < end) {
    if (spec[at] !== "(") throw new ProbeError('expected "(", "=>" or the end here', spec, at);
    const close = closing(spec, at, end);
    groups.push([at + 1, close]);
    at = close + 1;
    while (at < end && /\s/.test(spec[at]!)) at++;
  }
  const most = name ? 2 : 1;
  if (groups.length > most) {
    throw new ProbeError("expected FUNCTION(PARAMETERS)(TEST)", spec, groups[most]![0] - 1);
  }
  const [signature, test] = name ? groups : [undefined, groups[0]];
  const parameters = signature ? parseSignature(spec, ...signature)?.parameters ?? [] : [];
  const names = parameters.map(({ name }) => name);
  return {
    function: name || undefined,
    parameters: names,
    test: test && testCode(spec, tokensOf(spec, ...test), new Set(names), test[0]),
  };
}

/** The index of the parenthesis that closes the one at `open`; quoted parentheses do not count. */
function closing(spec: string, open: number, end: number): number {
  let depth = 0;
  for (const { index, 0: found } of spec.slice(0, end).matchAll(/"(?:[^"\\]|\\.)*"|[()]/g)) {
    if (index < open) continue;
    if (found === "(") depth++;
    if (found === ")" && --depth === 0) return index;
  }
  throw new ProbeError('this "(" is never closed', spec, open);
}

/** Translates a C expression to TypeScript. */
function testCode(
  spec: string,
  tokens: readonly Token[],
  own: ReadonlySet<string>,
  place: number,
): string {
  if (tokens.length === 0) throw new ProbeError("expected a test here", spec, place);
  checkBrackets(spec, tokens);
  const words: string[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const { kind, text, at } = tokens[i]!;
    if (text === "STRCMP") {
      const open = tokens[i + 1];
      if (open?.text !== "(") throw new ProbeError('expected STRCMP(address, "text")', spec, at);
      const close = i + 1 + closingToken(tokens.slice(i + 1));
      words.push(comparison(spec, tokens.slice(i + 2, close), own, at));
      i = close;
    } else if (kind === "name") {
      const isMember = ["->", "."].includes(tokens[i - 1]?.text ?? "");
      words.push(isMember ? text : own.has(text) ? variable(text) : WORDS[text] ?? `ctx.${text}`);
    } else if (kind === "number") words.push(text.replace(/[uUlL]+$/, ""));
    else if (kind === "character") words.push(String(text.codePointAt(1)));
    else if (kind === "string") {
      throw new ProbeError('a text stands in STRCMP(address, "text") only', spec, at);
    } else words.push(SYMBOLS[text] ?? text);
  }
  return words.join(" ").replaceAll(/ ?\. ?/g, ".");
}

/** STRCMP(a, b): unlike strcmp(3), in bcc's inject and trace it is true for equal texts. */
function comparison(
  spec: string,
  tokens: readonly Token[],
  own: ReadonlySet<string>,
  at: number,
): string {
  const sides = splitTokens(tokens, ",");
  const literal = sides.find((side) => side.length === 1 && side[0]!.kind === "string");
  const other = sides.find((side) => side !== literal);
  if (sides.length !== 2 || !literal || !other) {
    throw new ProbeError('expected STRCMP(address, "text")', spec, at);
  }
  const { text } = literal[0]!;
  return `(kernelString(${testCode(spec, other, own, at)}, ${TEXT_BYTES}) === ${text})`;
}

function closingToken(tokens: readonly Token[]): number {
  let depth = 0;
  return tokens.findIndex(({ text }) => {
    if (text === "(") depth++;
    return text === ")" && --depth === 0;
  });
}
