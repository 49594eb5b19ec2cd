/**
 * Demangles C++ and Rust names, using the C++ runtime library if it is installed.
 *
 * @module
 */

import { character, demangleRust } from "./demangle_rust.ts";
import { mangledSize } from "./mangled_size.ts";
import { decodeBytes } from "../../ffi/codec/text.ts";
import { loader } from "../../ffi/libc/libc.ts";
import { alloc, cString, outWord } from "../../ffi/libc/memory.ts";
import { runtime, type Symbols, type SymbolTable } from "../../ffi/runtime/runtime.ts";

const TABLE = {
  // char *__cxa_demangle(const char *mangled_name, char *output_buffer, size_t *length,
  //     int *status);
  __cxa_demangle: { parameters: ["buffer", "pointer", "buffer", "pointer"], result: "pointer" },
} as const satisfies SymbolTable;

const MALLOC = {
  // void *malloc(size_t size);
  malloc: { parameters: ["u64"], result: "pointer" },
} as const satisfies SymbolTable;

const [UNDERSCORE, LETTER_S, LETTER_T, LETTER_Z] = [0x5f, 0x53, 0x54, 0x5a];

const SONAME = "libstdc++.so.6";
const RTLD_NOW = 2;

type Demangler = Symbols<typeof TABLE> & Symbols<typeof MALLOC>;

let demangler: Demangler | null | undefined;

function open(): Demangler | null {
  // Checked first, because a missing library is no error here.
  if (loader().dlopen(cString(SONAME), RTLD_NOW) === 0n) return null;
  return { ...runtime.open(SONAME, TABLE), ...runtime.open("libc.so.6", MALLOC) };
}

/** Longer names are not demangled. */
const MAX_NAME = 8192;
/**
 * Nor are names that would become longer than this; real C++ names have some thousand characters.
 */
const MAX_TEXT = 2 ** 16;
/** Names as short as this are no longer than MAX_TEXT unless they refer back to their parts. */
const SHORT = 256;
/** The limit for names of unknown size: each back reference may double the result. */
const MAX_GUESS = 2 ** 26;

/**
 * `ns::f(int)` for `_ZN2ns1fEi`; names that are not mangled, or not understood, are returned
 * unchanged.
 *
 * It never throws: names in files are untrusted.
 */
export function demangle(name: string): string {
  if (name.length > MAX_NAME || !/^_[RZ]/.test(name)) return name;
  try {
    return (name.startsWith("_R") ? demangleRust(name) : demangleCplusplus(name)) ?? name;
  } catch {
    return name;
  }
}

/** Demangles a name of `length` bytes at `at`; faster than to decode it first. */
export function demangleBytes(bytes: Uint8Array, at: number, length: number): string {
  try {
    const demangled = copySimple(bytes, at, length) ? plainName(shared) : undefined;
    if (demangled !== undefined) return demangled;
  } catch {
    // as in demangle()
  }
  return demangle(decodeBytes(bytes.subarray(at, at + length)));
}

/**
 * Copies a name to memory for the C++ library; false if it is not one of C++ that `isTooLong` and
 * `nameFor` need not look at as a text.
 */
function copySimple(bytes: Uint8Array, at: number, length: number): boolean {
  if (length > SHORT || bytes[at] !== UNDERSCORE || bytes[at + 1] !== LETTER_Z) return false;
  let isReference = false;
  for (let i = 0; i < length; i++) {
    const byte = bytes[at + i]!;
    if (byte < 0x21 || byte > 0x7e || isReference && byte === UNDERSCORE) return false;
    // As /[ST][\dA-Z]*_/ in isTooLong().
    isReference = byte === LETTER_S || byte === LETTER_T ||
      isReference && (byte >= 0x30 && byte <= 0x39 || byte >= 0x41 && byte <= 0x5a);
    shared[i] = byte;
  }
  shared[length] = 0;
  return true;
}

function demangleCplusplus(name: string): string | undefined {
  return isTooLong(name) ? undefined : plainName(nameFor(name));
}

/** @param name ends with a zero */
function plainName(name: Uint8Array<ArrayBuffer>): string | undefined {
  const functions = demangler === undefined ? demangler = open() : demangler;
  if (!functions) return undefined;
  if (room.at === 0n) keepRoom(functions.malloc(ROOM), ROOM);
  const text = functions.__cxa_demangle(name, room.at, roomSizeBytes, 0n);
  if (text === 0n) return undefined;
  // The library has replaced memory that was too small.
  if (text !== room.at) keepRoom(text, roomSize[0]!);
  const demangled = decodeBytes(startOfRoom(room.bytes.indexOf(0)));
  return rustPath(demangled) ?? demangled;
}

/**
 * The memory that demangled names are written to, kept with views of short names: making a view for each name
 * takes as long as the rest. __cxa_demangle() reallocates it when it is too small.
 */
const ROOM = 1024n;
const roomSize = outWord();
const roomSizeBytes = new Uint8Array(roomSize.buffer);
const room = { at: 0n, bytes: alloc(0), starts: [] as Uint8Array[] };

function keepRoom(at: bigint, size: bigint): void {
  const buffer = at === 0n ? new ArrayBuffer(0) : runtime.view(at, Number(size));
  Object.assign(room, { at, bytes: new Uint8Array(buffer), starts: [] });
  roomSize[0] = size;
}

/** The first bytes of that memory. */
function startOfRoom(length: number): Uint8Array {
  const start = room.starts[length] ?? room.bytes.subarray(0, length);
  if (length < SHORT) room.starts[length] = start;
  return start;
}

/**
 * A report has many names: short ones are passed in this memory, so that none is allocated for
 * them.
 */
const shared = alloc(1024);
const encoder = new TextEncoder();

function nameFor(name: string): Uint8Array<ArrayBuffer> {
  if (name.length >= shared.length || !/^[\x21-\x7e]*$/.test(name)) return cString(name);
  shared[encoder.encodeInto(name, shared).written] = 0;
  return shared;
}

function isTooLong(name: string): boolean {
  // Without references each character stands for at most a word, or for the name of its class.
  if (name.length <= SHORT && !/[ST][\dA-Z]*_/.test(name)) return false;
  const size = mangledSize(name);
  if (size !== undefined) return size > MAX_TEXT;
  const references = name.match(/[ST][\dA-Z]*_/g)?.length ?? 0;
  return name.length * 2 ** references > MAX_GUESS;
}

/** Escapes of rustc's legacy mangling for characters that C++ names lack. */
const RUST_ESCAPES: ReadonlyMap<string, string> = new Map([
  ["SP", "@"],
  ["BP", "*"],
  ["RF", "&"],
  ["LT", "<"],
  ["GT", ">"],
  ["LP", "("],
  ["RP", ")"],
  ["C", ","],
]);

/** What a hash begins with, and its length with that: `::h0123456789abcdef`. */
const [HASH, HASH_SIZE] = ["::h", 19];

/** A Rust path without its hash; undefined when there is no hash, so that the name is C++. */
export function rustPath(demangled: string): string | undefined {
  if (!demangled.startsWith(HASH, demangled.length - HASH_SIZE)) return undefined;
  const path = /^(.*)::h[0-9a-f]{16}$/.exec(demangled)?.[1];
  return path
    ?.replace(/(^|::)_(?=\$)/g, "$1")
    .replaceAll("..", "::")
    .replace(/\$u([0-9a-f]{1,6})\$/g, (whole, hex: string) => character(parseInt(hex, 16)) ?? whole)
    .replace(/\$(\w+)\$/g, (whole, code: string) => RUST_ESCAPES.get(code) ?? whole);
}
