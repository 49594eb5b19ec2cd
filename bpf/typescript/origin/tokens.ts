/**
 * The tokens of a text in TypeScript or JavaScript.
 *
 * Not a parser: it must read types, which acorn cannot, and text that no longer compiles.
 *
 * @module
 */

/** A token. */
export interface Token {
  /** Equal for tokens that mean the same however they are written, such as `0x10` and `16`. */
  readonly key: string;
  readonly kind: "word" | "literal" | "mark";
  readonly start: number;
  readonly end: number;
}

const BLANK = /(?:\s|\/\/.*|\/\*[^]*?\*\/)+/y;
const WORD = /#?[\p{ID_Start}$_][\p{ID_Continue}$\u200c\u200d]*/uy;
const NUMBER = /0[xob][\da-f_]+n?|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:e[+-]?\d+)?n?/iy;
const STRING = /"(?:[^"\\\n]+|\\[^])*"?|'(?:[^'\\\n]+|\\[^])*'?/y;
const REGEXP = /\/(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y;
/** Part of a template: up to its end, or to the next expression. */
const CHUNK = /(?:[^`\\$]+|\\[^]|\$(?!\{))*(?:`|\$\{)?/y;
const MARK = /=>|[^]/y;

/** Words after which a `/` begins a regular expression. */
const OPERATORS = new Set(["return", "typeof", "case", "in", "of", "do", "else", "void", "delete"]);

/** All tokens but comments. */
export function tokens(text: string): Token[] {
  const found: Token[] = [];
  /** The depth of braces at which each template goes on. */
  const templates: number[] = [];
  let [at, depth] = [0, 0];
  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0] || undefined;
  };
  const add = (kind: Token["kind"], key: string, length: number) => {
    found.push({ key, kind, start: at, end: at + length });
    at += length;
  };
  const chunk = () => {
    const mark = text[at++];
    const part = match(CHUNK) ?? "";
    at--;
    if (part.endsWith("${")) templates.push(depth++);
    add("literal", `${mark}${part}`, 1 + part.length);
  };
  while (at < text.length) {
    const blank = match(BLANK);
    if (blank !== undefined) {
      at += blank.length;
      continue;
    }
    const word = match(WORD);
    if (word !== undefined) {
      add("word", word, word.length);
      continue;
    }
    const number = match(NUMBER);
    if (number !== undefined) {
      add("literal", numberKey(number), number.length);
      continue;
    }
    const string = match(STRING);
    if (string !== undefined) {
      add("literal", `"${string.slice(1, -1).replace(/\\(["'`])/g, "$1")}`, string.length);
      continue;
    }
    const character = text[at]!;
    if (character === "`") {
      chunk();
      continue;
    }
    if (character === "}" && templates.at(-1) === depth - 1) {
      templates.pop();
      depth--;
      chunk();
      continue;
    }
    const regexp = character === "/" && !endsValue(found.at(-1)) ? match(REGEXP) : undefined;
    if (regexp !== undefined) {
      add("literal", regexp, regexp.length);
      continue;
    }
    if (character === "{") depth++;
    else if (character === "}") depth--;
    const mark = match(MARK)!;
    add("mark", mark, mark.length);
  }
  return found;
}

const endsValue = (token: Token | undefined) =>
  token !== undefined &&
  (token.kind === "mark" ? /[)\]}]/.test(token.key) : !OPERATORS.has(token.key));

function numberKey(text: string): string {
  const plain = text.replaceAll("_", "");
  try {
    return plain.endsWith("n") ? `${BigInt(plain.slice(0, -1))}n` : String(Number(plain));
  } catch {
    return plain;
  }
}

/** For each bracket the index of its partner; -1 for tokens without one. */
export function partners(all: readonly Token[]): Int32Array {
  const found = new Int32Array(all.length).fill(-1);
  const open: number[] = [];
  all.forEach(({ key, kind }, i) => {
    // Parts of a template are brackets around its expressions.
    const isMark = kind === "mark";
    if (isMark ? /^[)\]}]$/.test(key) : kind === "literal" && key.startsWith("}")) {
      const begin = open.pop();
      if (begin !== undefined) {
        found[begin] = i;
        found[i] = begin;
      }
    }
    // A part between two expressions is both: its partner is the one that closes it.
    if (isMark ? /^[([{]$/.test(key) : kind === "literal" && /^[`}][^]*\$\{$/.test(key)) {
      open.push(i);
    }
  });
  return found;
}
