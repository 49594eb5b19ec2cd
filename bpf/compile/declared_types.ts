/**
 * Keeping the structs of a text in its BTF.
 *
 * clang emits BTF for the types of functions and global variables; a struct that only local
 * variables have, as most events, is left out. So a variable whose type refers to every struct of
 * the text is appended to it. It lies in a section for map definitions, of which libbcc keeps the
 * types and ignores the rest.
 *
 * @module
 */

import { withoutComments } from "./headers/mentions.ts";

/** The name by which a compiler message about the appended text is recognized. */
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

/** The offset behind the brace that closes the one opened before `from`. */
function endOfBraces(code: string, from: number): number {
  for (let at = from, depth = 1; at < code.length; at++) {
    if (code[at] === "{") depth++;
    else if (code[at] === "}" && --depth === 0) return at + 1;
  }
  return code.length;
}

/**
 * The variable that keeps the types; `marker` is a unique struct name, by which the BTF is found.
 */
export function typesVariable(types: readonly string[], marker: string): string {
  // Pointers, because a struct may be declared in a function only, or not be defined at all.
  const members = types.map((type, i) => `${type} *_${i};`).join(" ");
  return `\nstruct ${marker} { void *_; ${members} } ${ADDITION} ` +
    `__attribute__((section(".maps.${ADDITION}"), used)) = {};\n`;
}

/**
 * Whether all structs of the text have natural alignment: no attribute or pragma says otherwise.
 */
export function isPlain(texts: readonly string[]): boolean {
  return !texts.map(withoutComments).some((code) =>
    /\b(?:__)?(?:packed|aligned)(?:__)?\b|#\s*pragma\s+pack|\b\w+\s+\w+\s*:\s*\w+\s*[;,]/.test(code)
  );
}
