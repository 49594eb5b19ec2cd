/**
 * The probes of argdist:
 * `KIND:[LIBRARY]:FUNCTION(SIGNATURE)[:TYPE[,TYPE…]:VALUE[,VALUE…][:FILTER]][#LABEL]`.
 *
 * @module
 */

import { splitTokens, type Token, tokensOf } from "../../toolkit/probe_language/c_tokens.ts";
import { type Expression, expressionOf } from "../../toolkit/probe_language/expression.ts";
import { ProbeError } from "../../toolkit/probe_language/probe_error.ts";
import { type Hook, hookOf, partsOf } from "../../toolkit/probe_language/probe_hook.ts";
import { parseSignature, type Signature } from "../../toolkit/probe_language/signature.ts";

/** How values are collected. */
export type Collection = "count" | "histogram";

/** A type that values are converted to. */
export interface TypeName extends Expression {
  /** Whether the value is a pointer to text (char *). */
  readonly isText: boolean;
}

/** A parsed probe specifier. */
export interface ArgdistProbe {
  readonly text: string;
  readonly collection: Collection;
  readonly label: string | undefined;
  readonly hook: Hook;
  readonly signature: Signature | undefined;
  /** The type of each value. */
  readonly types: readonly TypeName[];
  /** Empty: count calls, or returned values. */
  readonly values: readonly Expression[];
  readonly filter: Expression | undefined;
}

const HEAD = /^(\s*)([^:(]*):([^:(]*):([^(]*)\(/;
const FORM = "KIND:[LIBRARY]:FUNCTION(SIGNATURE)[:TYPE:VALUE[:FILTER]][#LABEL]";

/** Parses a probe specifier. @throws {ProbeError} */
export function parseArgdistProbe(text: string, collection: Collection): ArgdistProbe {
  const head = HEAD.exec(text);
  if (!head) throw new ProbeError(`expected ${FORM}`, text, Math.max(text.search(/\S/), 0));
  const [all, space, kind, library, name] = head;
  const [kindPart, libraryPart, namePart] = partsOf(`${kind}:${library}:`, space!.length);
  if (kind === "") throw new ProbeError("expected p, r, t or u here", text, space!.length);
  const hook = hookOf(text, kindPart!, libraryPart!, { text: name!.trimEnd(), at: namePart!.at });
  const open = all.length - 1;
  const close = text.indexOf(")", open);
  if (close < 0) throw new ProbeError('this "(" is never closed', text, open);
  const signature = parseSignature(text, open + 1, close);
  if (signature && (hook.kind === "usdt" || hook.kind === "tracepoint")) {
    throw new ProbeError("only functions have a signature: leave it empty", text, signature.start);
  }
  const end = labelPlace(text, close + 1);
  const label = end < text.length ? text.slice(end + 1).trim() : undefined;
  const tail = parseTail(text, tokensOf(text, close + 1, end), collection);
  if (tail.values.length === 0 && collection === "histogram" && hook.kind !== "return") {
    throw new ProbeError(
      "a histogram needs a type and a value: (SIGNATURE):TYPE:VALUE",
      text,
      close + 1,
    );
  }
  return { text, collection, label: label || undefined, hook, signature, ...tail };
}

/** The index at which the label begins: a "#" outside quotes. */
function labelPlace(text: string, start: number): number {
  const words = /"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|(#)/gs;
  words.lastIndex = start;
  for (let found = words.exec(text); found; found = words.exec(text)) {
    if (found[1] !== undefined) return found.index;
  }
  return text.length;
}

function parseTail(
  text: string,
  tokens: readonly Token[],
  collection: Collection,
): Pick<ArgdistProbe, "types" | "values" | "filter"> {
  const [first] = tokens;
  if (!first) return { types: [], values: [], filter: undefined };
  if (first.text !== ":") throw new ProbeError('expected ":" here', text, first.at);
  const places = [first.at + 1];
  const parts = splitTokens(tokens.slice(1), ":");
  for (const part of parts) places.push((part.at(-1)?.at ?? 0) + (part.at(-1)?.text.length ?? 0));
  const [typePart, valuePart, filterPart, extra] = parts;
  if (extra) {
    throw new ProbeError("expected the end here: a filter is the last part", text, places[3]!);
  }
  if (!valuePart) {
    throw new ProbeError("expected a value behind its type: :TYPE:VALUE", text, places[1]!);
  }
  const types = splitTokens(typePart!, ",").map((part) => typeOf(text, part, places[0]!));
  const values = splitTokens(valuePart, ",").map((part) =>
    expressionOf(text, part, places[1]! + 1)
  );
  const filter = filterPart && expressionOf(text, filterPart, places[2]! + 1);
  if (types.length !== values.length) {
    throw new ProbeError(
      `there must be one type for each value, but there are ${types.length} and ${values.length}`,
      text,
      types[0]!.start,
    );
  }
  if (collection === "histogram" && (types.length > 1 || types[0]!.isText)) {
    throw new ProbeError("a histogram is of one number", text, types[0]!.start);
  }
  return { types, values, filter };
}

function typeOf(text: string, tokens: readonly Token[], place: number): TypeName {
  const stray = tokens.find(({ kind, text }) => kind !== "name" && text !== "*");
  if (tokens.length === 0 || stray || tokens[0]!.text === "*") {
    throw new ProbeError(
      'expected a type: "int", "char *"',
      text,
      (stray ?? tokens[0])?.at ?? place,
    );
  }
  const words = tokens.map((token) => token.text).filter((word) => !/^(const|__user)$/.test(word));
  return { ...expressionOf(text, tokens, place), isText: words.join(" ") === "char *" };
}
