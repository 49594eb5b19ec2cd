/**
 * C++ and Rust names as people write them, through the C++ runtime library when it is there.
 *
 * @module
 */

import { demangleRust } from "./demangle_rust.ts";
import { loader } from "../../ffi/libc/libc.ts";
import { cString, textAt } from "../../ffi/libc/memory.ts";
import { runtime, type Symbols, type SymbolTable } from "../../ffi/runtime/runtime.ts";

const TABLE = {
  // char *__cxa_demangle(const char *mangled_name, char *output_buffer, size_t *length,
  //     int *status);
  __cxa_demangle: { parameters: ["buffer", "pointer", "pointer", "pointer"], result: "pointer" },
} as const satisfies SymbolTable;

const FREE = {
  // void free(void *ptr);
  free: { parameters: ["pointer"], result: "void" },
} as const satisfies SymbolTable;

const SONAME = "libstdc++.so.6";
const RTLD_NOW = 2;

type Demangler = Symbols<typeof TABLE> & Symbols<typeof FREE>;

let demangler: Demangler | null | undefined;

function open(): Demangler | null {
  // Asked first, because a missing library is nothing to complain about.
  if (loader().dlopen(cString(SONAME), RTLD_NOW) === 0n) return null;
  return { ...runtime.open(SONAME, TABLE), ...runtime.open("libc.so.6", FREE) };
}

/** `ns::f(int)` for `_ZN2ns1fEi`; any other name, or one that cannot be read here, as it is. */
export function demangle(name: string): string {
  if (name.startsWith("_R")) return demangleRust(name) ?? name;
  if (!name.startsWith("_Z")) return name;
  const functions = demangler === undefined ? demangler = open() : demangler;
  if (!functions) return name;
  const text = functions.__cxa_demangle(cString(name), 0n, 0n, 0n);
  if (text === 0n) return name;
  const demangled = textAt(text);
  functions.free(text);
  return rustPath(demangled) ?? demangled;
}

/** What rustc's older mangling writes for characters that C++ names lack. */
const RUST_ESCAPES: Readonly<Record<string, string>> = {
  SP: "@",
  BP: "*",
  RF: "&",
  LT: "<",
  GT: ">",
  LP: "(",
  RP: ")",
  C: ",",
};

/** A Rust path, without its hash; undefined when the name has none and so is C++'s. */
export function rustPath(demangled: string): string | undefined {
  const path = /^(.*)::h[0-9a-f]{16}$/.exec(demangled)?.[1];
  return path
    ?.replace(/(^|::)_(?=\$)/g, "$1")
    .replaceAll("..", "::")
    .replace(/\$u([0-9a-f]+)\$/g, (_, hex: string) => String.fromCodePoint(parseInt(hex, 16)))
    .replace(/\$(\w+)\$/g, (whole, code: string) => RUST_ESCAPES[code] ?? whole);
}
