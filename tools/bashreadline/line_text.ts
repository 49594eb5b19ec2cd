/**
 * Decodes a line as an editor returned it.
 *
 * @module
 */

import { charsRest } from "../../mod.ts";

/** The coding of zsh's lines, as in bashreadline.bpf.c. */
export const METAFIED = 1;

/**
 * zsh's escape (zsh.h: Meta) before a byte that it uses internally; that byte then has bit 5
 * flipped.
 */
const META = 0x83;

/** The line; a trailing newline is removed. */
export function lineText(line: Uint8Array<ArrayBuffer>, coding: number): string {
  const bytes = coding === METAFIED ? unmetafied(line) : line;
  const text = charsRest().read(new DataView(bytes.buffer, bytes.byteOffset, bytes.length), 0);
  return text.replace(/\r?\n$/, "");
}

function unmetafied(line: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(line.length);
  let length = 0;
  for (let i = 0; i < line.length; i++) {
    const isMeta = line[i] === META && i + 1 < line.length;
    bytes[length++] = isMeta ? line[++i]! ^ 0x20 : line[i]!;
  }
  return bytes.subarray(0, length);
}
