/**
 * The probes of trace: `HOOK[(SIGNATURE)] [(FILTER)] ["FORMAT"[, VALUE…]]`.
 *
 * @module
 */

import { splitTokens, type Token, tokensOf } from "../../toolkit/probe_language/c_tokens.ts";
import { type Expression, expressionOf } from "../../toolkit/probe_language/expression.ts";
import { ProbeError } from "../../toolkit/probe_language/probe_error.ts";
import { conversionsOf, type Format, parseFormat } from "./format.ts";
import { type Hook, hookOf, partsOf } from "../../toolkit/probe_language/probe_hook.ts";
import { parseSignature, type Signature } from "../../toolkit/probe_language/signature.ts";

/** A parsed probe specifier. */
export interface TraceProbe {
  readonly text: string;
  readonly hook: Hook;
  readonly signature: Signature | undefined;
  readonly filter: Expression | undefined;
  readonly format: Format;
  /** The value of each conversion of the format. */
  readonly values: readonly Expression[];
}

/** Parses a probe specifier. @param textSize maximum bytes for a `%s` @throws {ProbeError} */
export function parseTraceProbe(text: string, textSize: number): TraceProbe {
  const start = text.search(/\S/);
  if (start < 0) throw new ProbeError("expected a probe", text, 0);
  const end = start + text.slice(start).search(/[\s(]|$/);
  const hook = parseHook(text, start, end);
  // A parenthesis right after the hook begins the signature, after a space the filter.
  const close = text[end] === "(" ? text.indexOf(")", end) : -1;
  if (text[end] === "(" && close < 0) throw new ProbeError('this "(" is never closed', text, end);
  const signature = close < 0 ? undefined : parseSignature(text, end + 1, close);
  if (signature && (hook.kind === "usdt" || hook.kind === "tracepoint")) {
    const instead = hook.kind === "usdt" ? "arg1, arg2 and so on" : "args->MEMBER";
    throw new ProbeError(`only functions have a signature: use ${instead}`, text, end);
  }
  const { filter, rest } = splitFilter(text, tokensOf(text, close < 0 ? end : close + 1));
  return { text, hook, signature, filter, ...parseAction(text, rest, textSize) };
}

/** `func` means `p::func`, and `lib:func` means `p:lib:func`. */
function parseHook(text: string, start: number, end: number): Hook {
  const parts = partsOf(text.slice(start, end), start);
  const nothing = { text: "", at: start };
  const [kind, library, ...rest] = parts.length === 1
    ? [nothing, nothing, ...parts]
    : parts.length === 2
    ? [nothing, ...parts]
    : parts;
  // For functions, parts between the first and the last belong to a path with colons. The name of
  // a USDT probe is PROVIDER:NAME.
  const path = kind!.text === "u" || kind!.text === "t" ? [] : rest.slice(0, -1);
  const name = rest.slice(path.length);
  const join = (parts: readonly { text: string }[]) => parts.map((part) => part.text).join(":");
  return hookOf(
    text,
    kind!,
    { text: join([library!, ...path]), at: library!.at },
    { text: join(name), at: name[0]!.at },
  );
}

function splitFilter(
  text: string,
  tokens: readonly Token[],
): { filter: Expression | undefined; rest: readonly Token[] } {
  if (tokens[0]?.text !== "(") return { filter: undefined, rest: tokens };
  let depth = 0;
  const close = tokens.findIndex(({ kind, text }) => {
    if (kind === "symbol" && text === "(") depth++;
    if (kind === "symbol" && text === ")") depth--;
    return depth === 0;
  });
  if (close < 0) throw new ProbeError('this "(" is never closed', text, tokens[0].at);
  const inside = tokens.slice(1, close);
  const filter = expressionOf(text, inside, tokens[0].at + 1);
  return { filter, rest: tokens.slice(close + 1) };
}

function parseAction(
  text: string,
  tokens: readonly Token[],
  textSize: number,
): Pick<TraceProbe, "format" | "values"> {
  const [literal, comma] = tokens;
  if (!literal) return { format: [], values: [] };
  if (literal.kind !== "string") {
    throw new ProbeError('expected (FILTER) or "FORMAT" here', text, literal.at);
  }
  const format = parseFormat(text, literal.text, literal.at, textSize);
  if (comma && comma.text !== ",") {
    throw new ProbeError("expected a comma before the values", text, comma.at);
  }
  const parts = comma ? splitTokens(tokens.slice(2), ",") : [];
  const values = parts.map((part, i) => {
    const before = parts[i - 1]?.at(-1) ?? comma!;
    return expressionOf(text, part, before.at + before.text.length);
  });
  const wanted = conversionsOf(format).length;
  if (values.length !== wanted) {
    const count = (n: number, what: string) => `${n} ${what}${n === 1 ? "" : "s"}`;
    const place = values[wanted]?.start ?? literal.at;
    throw new ProbeError(
      `the format has ${count(wanted, "conversion")}, but there are ${
        count(values.length, "value")
      }`,
      text,
      place,
    );
  }
  return { format, values };
}
