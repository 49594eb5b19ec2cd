/**
 * Making other people's strings safe to print.
 *
 * File names and command names may hold any byte but NUL. Printed raw they could move the cursor,
 * change colours, fake lines, or retitle the window of whoever runs a tool as root.
 *
 * @module
 */

// C0, DEL and C1 controls; bytes that are no UTF-8 (lone surrogates, see decodeText); line and
// paragraph separators; marks that reverse the direction of what follows.
const UNSAFE = /[\p{Cc}\p{Cs}\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/u;
const UNSAFE_ALL = new RegExp(UNSAFE.source, "gu");
const SURROGATE = /\p{Cs}/u;
// What JSON.stringify leaves alone although terminals do not.
const UNSAFE_IN_JSON = /[\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

const SHORT: Record<string, string> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escapeOne(character: string): string {
  const short = SHORT[character];
  if (short) return short;
  const code = character.codePointAt(0)!;
  // U+DC80 to U+DCFF stand for the bytes 0x80 to 0xff.
  if (code >= 0xdc80 && code <= 0xdcff) return `\\x${(code - 0xdc00).toString(16)}`;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, "0")}`;
  return `\\u{${code.toString(16)}}`;
}

/** Escapes what could disturb a terminal: `a\nb` prints as `a\nb` in one line, byte 0xff as `\xff`. */
export function escapeText(text: string): string {
  return !isPlain(text) && UNSAFE.test(text) ? text.replace(UNSAFE_ALL, escapeOne) : text;
}

/** Whether the text is itself in a JSON string and on a terminal: printable ASCII but `"` and `\`. */
export function isPlain(text: string): boolean {
  return /^[ !#-[\]-~]*$/.test(text);
}

/** Whether the text came from bytes that are not UTF-8. */
export function hasRawBytes(text: string): boolean {
  return SURROGATE.test(text);
}

/** What both runtimes have and TypeScript does not know yet. */
type ExactJson = JSON & { rawJSON(text: string): unknown };

/** One JSON value in one line of printable characters; big integers keep all their digits. */
export function toJson(value: unknown): string {
  const json = JSON.stringify(
    value,
    (_, item) => typeof item === "bigint" ? (JSON as ExactJson).rawJSON(String(item)) : item,
  );
  return json.replace(
    UNSAFE_IN_JSON,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}
