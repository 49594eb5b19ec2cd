/**
 * Reads perf-map files: lines "START SIZE NAME", in hexadecimal, which JIT compilers write to
 * /tmp/perf-PID.map.
 *
 * Runtimes differ: with 0x or without, tabs, sizes of 0, CRLF line ends, NULs where a file was
 * truncated, names with spaces. The file grows while it is read, so its last line may be
 * incomplete.
 *
 * @module
 */

import { alloc } from "../../ffi/libc/memory.ts";
import type { ForeignFile } from "../proc/open_foreign.ts";
import { FileNames } from "./code_names.ts";
import { CodeRanges, type CompiledFunction } from "./code_ranges.ts";

const [TAB, NEWLINE, RETURN, SPACE] = [0x09, 0x0a, 0x0d, 0x20];
const [DIGIT_0, DIGIT_9, LETTER_A, LETTER_F, LETTER_X] = [0x30, 0x39, 0x61, 0x66, 0x78];
/** Bytes per read; a longer line is malformed. */
const CHUNK = 1 << 20;
/** By these, memory is made for a file's functions. */
const [USUAL_LINE, MAX_EXPECTED] = [64, 2 ** 19];
/** How many bytes are compared to tell whether a changed file was appended to or rewritten. */
const TAIL = 64;

/** The largest file that is read. */
export const MAX_PERF_MAP_SIZE: number = 2 ** 28;

/** A perf-map file; each read continues where the last one ended. */
export class PerfMap implements Disposable {
  readonly file: ForeignFile;
  #names: FileNames;
  #ranges: CodeRanges;
  /** Bytes read, up to the end of a line. */
  #read = 0;
  #tail = new Uint8Array();
  /** Whether the last chunk had no line end: the rest of that line is skipped. */
  #isInLongLine = false;
  #seen = "";

  /** Takes ownership of the file. */
  constructor(file: ForeignFile) {
    this.file = file;
    this.#names = new FileNames(file, 0);
    this.#ranges = new CodeRanges(this.#names);
  }

  /** Reads what was appended, or everything if the file was rewritten. @throws {ErrnoError} */
  look(): void {
    const { size, changedAt } = this.file.refresh();
    const seen = `${size} ${changedAt}`;
    if (seen === this.#seen || size > MAX_PERF_MAP_SIZE) return;
    this.#seen = seen;
    if (!this.#isContinued(size)) {
      this.#read = 0;
      this.#isInLongLine = false;
    }
    if (this.#read === 0) this.#begin(Math.min(Math.ceil(size / USUAL_LINE), MAX_EXPECTED));
    const buffer = alloc(Math.min(CHUNK, size - this.#read));
    while (this.#read < size) {
      const bytes = this.file.readInto(buffer, this.#read);
      const end = bytes.lastIndexOf(NEWLINE) + 1;
      if (end === 0) {
        // The last line is incomplete, or the file has become shorter.
        if (bytes.length < buffer.length || this.#read + bytes.length >= size) break;
        this.#isInLongLine = true;
        this.#read += bytes.length;
        continue;
      }
      const start = this.#isInLongLine ? bytes.indexOf(NEWLINE) + 1 : 0;
      this.#isInLongLine = false;
      this.#names.textAt = this.#read + start;
      readPerfMap(bytes.subarray(start, end), this.#ranges);
      this.#read += end;
      this.#tail = bytes.slice(Math.max(end - TAIL, 0), end);
    }
  }

  /** The function at an address, by the last line that covers it. */
  at(address: number): CompiledFunction | undefined {
    return this.#ranges.at(address);
  }

  [Symbol.dispose](): void {
    this.file.close();
  }

  #begin(expected: number): void {
    this.#names = new FileNames(this.file, expected);
    this.#ranges = new CodeRanges(this.#names, expected);
  }

  #isContinued(size: number): boolean {
    if (size < this.#read) return false;
    const { length } = this.#tail;
    if (this.#isInLongLine || length === 0) return true;
    const now = this.file.readUpTo(this.#read - length, length);
    return now.length === length && now.every((byte, i) => byte === this.#tail[i]);
  }
}

/** Adds the lines of a text that ends with one; malformed lines are skipped. */
export function readPerfMap(text: Uint8Array, ranges: CodeRanges): void {
  for (let at = 0; at < text.length;) {
    const newline = text.indexOf(NEWLINE, at);
    if (newline < 0) return;
    readLine(text, at, newline, ranges);
    at = newline + 1;
  }
}

function readLine(text: Uint8Array, from: number, end: number, ranges: CodeRanges): void {
  while (end > from && isBlank(text[end - 1]!)) end--;
  let at = skipBlanks(text, from, end);
  const afterStart = skipHex(text, at, end);
  const start = hex(text, at, afterStart);
  at = skipBlanks(text, afterStart, end);
  const afterSize = skipHex(text, at, end);
  const size = hex(text, at, afterSize);
  at = skipBlanks(text, afterSize, end);
  if (at === afterSize || at === end || !(start + size <= Number.MAX_SAFE_INTEGER)) return;
  let to = at;
  while (to < end && text[to] !== 0) to++;
  ranges.add(start, size, text, 0, at, to);
}

/** A file truncated while being written is filled with NULs. */
const isBlank = (byte: number) => byte === SPACE || byte === TAB || byte === RETURN || byte === 0;

function skipBlanks(text: Uint8Array, at: number, end: number): number {
  while (at < end && isBlank(text[at]!)) at++;
  return at;
}

/** Where the digits begin: behind "0x", if present. */
function digitsAt(text: Uint8Array, at: number, end: number): number {
  return at + 1 < end && text[at] === DIGIT_0 && (text[at + 1]! | 0x20) === LETTER_X ? at + 2 : at;
}

function digit(byte: number): number {
  if (byte >= DIGIT_0 && byte <= DIGIT_9) return byte - DIGIT_0;
  const letter = byte | 0x20;
  return letter >= LETTER_A && letter <= LETTER_F ? letter - LETTER_A + 10 : -1;
}

/** The end of a hexadecimal number followed by a blank; the line's end if there is none. */
function skipHex(text: Uint8Array, from: number, end: number): number {
  const start = digitsAt(text, from, end);
  let at = start;
  while (at < end && digit(text[at]!) >= 0) at++;
  return at > start && at < end && isBlank(text[at]!) ? at : end;
}

function hex(text: Uint8Array, from: number, end: number): number {
  let value = 0;
  for (let at = digitsAt(text, from, end); at < end; at++) {
    const next = digit(text[at]!);
    if (next < 0) break;
    value = value * 16 + next;
  }
  return value;
}
