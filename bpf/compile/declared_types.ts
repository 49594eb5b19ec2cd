/**
 * Keeping the structs of a text in its BTF.
 *
 * clang describes the types of functions and of global variables; a struct that only local
 * variables have, as most events, is left out. So behind its end the text gets a variable whose
 * type mentions every struct that the text defines. It lies in a section of those that describe
 * maps, of which libbcc keeps the types and nothing else.
 *
 * @module
 */

import { withoutComments } from "./headers/mentions.ts";

/** What the compiler's messages name when the addition is at fault. */
export const ADDITION = "__tsbcc_types";

const ATTRIBUTE = String.raw`(?:__attribute__\s*\(\((?:[^()]|\([^()]*\))*\)\)\s*)`;
const TAGGED = new RegExp(
  String.raw`\b(struct|union)\s+${ATTRIBUTE}*([A-Za-z_]\w*)\s*${ATTRIBUTE}*\{`,
  "g",
);
const TYPEDEF = /\btypedef\s+(?:struct|union)\b[^;{}]*\{/g;
const BEHIND_TYPEDEF = new RegExp(String.raw`^\s*${ATTRIBUTE}*([A-Za-z_]\w*)`);

/** The structs and unions that texts define, as C names them: `struct event`, `event_t`. */
export function declaredTypes(texts: readonly string[]): string[] {
  const names = texts.map(withoutComments).flatMap((code) => [
    ...code.matchAll(TAGGED).map(([, kind, tag]) => `${kind} ${tag}`),
    ...[...code.matchAll(TYPEDEF)].flatMap(({ 0: found, index }) => {
      const end = endOfBraces(code, index + found.length);
      return BEHIND_TYPEDEF.exec(code.slice(end, end + 1000))?.[1] ?? [];
    }),
  ]);
  return [...new Set(names)];
}

/** The place behind the brace that closes what was opened before `from`. */
function endOfBraces(code: string, from: number): number {
  for (let at = from, depth = 1; at < code.length; at++) {
    if (code[at] === "{") depth++;
    else if (code[at] === "}" && --depth === 0) return at + 1;
  }
  return code.length;
}

/** The variable that keeps the types; `marker` is the name of its own, to find their BTF by. */
export function typesVariable(types: readonly string[], marker: string): string {
  // Pointers, because a struct may be one that only a function knows, or none at all.
  const members = types.map((type, i) => `${type} *_${i};`).join(" ");
  return `\nstruct ${marker} { void *_; ${members} } ${ADDITION} ` +
    `__attribute__((section(".maps.${ADDITION}"), used)) = {};\n`;
}

/** Whether C lays out all that texts define by natural alignment: nothing says otherwise. */
export function isPlain(texts: readonly string[]): boolean {
  return !texts.map(withoutComments).some((code) =>
    /\b(?:__)?(?:packed|aligned)(?:__)?\b|#\s*pragma\s+pack|\b\w+\s+\w+\s*:\s*\w+\s*[;,]/.test(code)
  );
}
