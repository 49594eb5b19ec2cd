/**
 * Text from the kernel: UTF-8 where it is valid, lossless where it is not.
 *
 * File names and arguments are any bytes. A byte that is no part of valid UTF-8 becomes one lone
 * surrogate, U+DC80 to U+DCFF, as in Python's "surrogateescape"; encoding turns it back.
 *
 * @module
 */

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

/**
 * Decodes `length` bytes from `offset` of `view`, NUL bytes included.
 *
 * Overlong forms, encoded surrogates and anything above U+10FFFF count as invalid bytes.
 *
 * @throws RangeError if the bytes are not all inside the view.
 */
export function decodeText(view: DataView, offset: number, length: number): string {
  if (offset < 0 || length < 0 || offset + length > view.byteLength) {
    throw new RangeError(
      `Cannot decode ${length} bytes at offset ${offset}: the view has ${view.byteLength} bytes`,
    );
  }
  return decodeBytes(new Uint8Array(view.buffer, view.byteOffset + offset, length));
}

/** Decodes bytes like {@linkcode decodeText}. */
export function decodeBytes(bytes: Uint8Array): string {
  const text = decoder.decode(bytes);
  // U+FFFD is either the decoder's mark for an invalid byte or really in the text.
  return text.includes("\uFFFD") ? decodeEscaping(bytes) : text;
}

/**
 * Encodes text to UTF-8; a lone U+DC80 to U+DCFF becomes the byte that it stands for.
 *
 * @throws RangeError for any other lone surrogate, which no bytes decode to.
 */
export function encodeText(text: string): Uint8Array<ArrayBuffer> {
  if (text.isWellFormed()) return encoder.encode(text);
  const bytes: number[] = [];
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0;
    if (point < 0xd800 || point > 0xdfff) {
      bytes.push(...encoder.encode(character));
    } else if (point >= 0xdc80 && point <= 0xdcff) {
      bytes.push(point - 0xdc00);
    } else {
      const code = point.toString(16).toUpperCase();
      throw new RangeError(
        `Cannot encode U+${code}: expected whole characters or U+DC80 to U+DCFF`,
      );
    }
  }
  return new Uint8Array(bytes);
}

function decodeEscaping(bytes: Uint8Array): string {
  let text = "";
  for (let at = 0; at < bytes.length;) {
    const point = codePoint(bytes, at);
    if (point < 0) {
      text += String.fromCharCode(0xdc00 + bytes[at]!);
      at++;
    } else {
      text += String.fromCodePoint(point);
      at += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
    }
  }
  return text;
}

/** The code point whose UTF-8 form starts at `at`, or -1 if none does (RFC 3629). */
function codePoint(bytes: Uint8Array, at: number): number {
  const lead = bytes[at]!;
  if (lead < 0x80) return lead;
  const length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
  if (lead < 0xc2 || lead > 0xf4) return -1;
  let point = lead & (0xff >> (length + 1));
  for (let i = 1; i < length; i++) {
    const next = bytes[at + i];
    if (next === undefined || (next & 0xc0) !== 0x80) return -1;
    point = point << 6 | next & 0x3f;
  }
  const surrogate = point >= 0xd800 && point <= 0xdfff;
  const overlong = length === 3 ? point < 0x800 : length === 4 && point < 0x10000;
  return surrogate || overlong || point > 0x10ffff ? -1 : point;
}
