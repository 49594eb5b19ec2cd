/**
 * Demangles C++ and Rust names, using the C++ runtime library if it is installed.
 *
 * @module
 */

import { character, demangleRust } from "./demangle_rust.ts";
import { mangledSize } from "./mangled_size.ts";
import { decodeText } from "../../ffi/codec/mod.ts";
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

function demangleCplusplus(name: string): string | undefined {
  if (isTooLong(name)) return undefined;
  const functions = demangler === undefined ? demangler = open() : demangler;
  if (!functions) return undefined;
  if (room.at === 0n) keepRoom(functions.malloc(ROOM), ROOM);
  const text = functions.__cxa_demangle(nameFor(name), room.at, roomSizeBytes, 0n);
  if (text === 0n) return undefined;
  // The library has replaced memory that was too small.
  if (text !== room.at) keepRoom(text, roomSize[0]!);
  const demangled = decodeText(room.view, 0, room.bytes.indexOf(0));
  return rustPath(demangled) ?? demangled;
}

/**
 * The memory that demangled names are written to, kept with its view: making a view for each name
 * takes as long as the rest. __cxa_demangle() reallocates it when it is too small.
 */
const ROOM = 1024n;
const roomSize = outWord();
const roomSizeBytes = new Uint8Array(roomSize.buffer);
const room = { at: 0n, bytes: alloc(0), view: new DataView(new ArrayBuffer(0)) };

function keepRoom(at: bigint, size: bigint): void {
  const buffer = at === 0n ? new ArrayBuffer(0) : runtime.view(at, Number(size));
  Object.assign(room, { at, bytes: new Uint8Array(buffer), view: new DataView(buffer) });
  roomSize[0] = size;
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

/** A Rust path without its hash; undefined when there is no hash, so that the name is C++. */
export function rustPath(demangled: string): string | undefined {
  const path = /^(.*)::h[0-9a-f]{16}$/.exec(demangled)?.[1];
  return path
    ?.replace(/(^|::)_(?=\$)/g, "$1")
    .replaceAll("..", "::")
    .replace(/\$u([0-9a-f]{1,6})\$/g, (whole, hex: string) => character(parseInt(hex, 16)) ?? whole)
    .replace(/\$(\w+)\$/g, (whole, code: string) => RUST_ESCAPES.get(code) ?? whole);
}
