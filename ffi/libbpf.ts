/**
 * libbpf: opened at the first call, its warnings collected.
 *
 * @module
 */

import { alloc, bufferText } from "./libc/memory.ts";
import { LIBBPF_FUNCTIONS } from "./libbpf_functions.ts";
import { lazyLibrary, type LibrarySpec } from "./library.ts";
import { libc } from "./libc/libc.ts";
import { MINIMUM } from "./runtime/minimum.ts";
import { runtime, type Symbols, type SymbolTable } from "./runtime/runtime.ts";

const HINT =
  `install libbpf ${MINIMUM.libbpf} or later (Debian, Ubuntu: libbpf1; Fedora, Arch: libbpf), or name ` +
  "a copy in TSBCC_LIBBPF";

// No function of these two is called; they are listed so that their paths can be chosen.
const LIBZ: LibrarySpec<SymbolTable> = {
  name: "libz",
  soname: "libz.so.1",
  variable: "TSBCC_LIBZ",
  table: {},
  hint: "install zlib (Debian, Ubuntu: zlib1g), or name a copy in TSBCC_LIBZ",
};

const LIBELF: LibrarySpec<SymbolTable> = {
  name: "libelf",
  soname: "libelf.so.1",
  variable: "TSBCC_LIBELF",
  table: {},
  needs: [LIBZ],
  hint: "install libelf (Debian, Ubuntu: libelf1; Fedora: elfutils-libelf), or name a copy in " +
    "TSBCC_LIBELF",
};

const open = lazyLibrary({
  name: "libbpf",
  soname: "libbpf.so.1",
  variable: "TSBCC_LIBBPF",
  table: LIBBPF_FUNCTIONS,
  needs: [LIBZ, LIBELF],
  hint: HINT,
});

const LIBBPF_WARN = 0;
const PRINT = { parameters: ["i32", "pointer", "pointer"], result: "i32" } as const;

let symbols: Symbols<typeof LIBBPF_FUNCTIONS> | undefined;
let printAddress = 0n;
let warnings: string[] = [];

/** libbpf's symbols; the first call opens the library and keeps it from printing. */
export function libbpf(): Symbols<typeof LIBBPF_FUNCTIONS> {
  if (!symbols) {
    symbols = open();
    collectWarnings();
  }
  return symbols;
}

/**
 * Begins to collect libbpf's warnings. Called before each operation whose warnings matter: libbcc
 * may share the library with us, and sets a function of its own.
 */
export function collectWarnings(): void {
  warnings = [];
  printAddress ||= makePrint();
  libbpf().libbpf_set_print(printAddress);
}

/** The warnings since {@linkcode collectWarnings}, oldest first. */
export function takeWarnings(): string[] {
  const taken = warnings;
  warnings = [];
  return taken;
}

function makePrint(): bigint {
  // libbpf keeps the function for as long as the process lives, so it is never closed. vsnprintf
  // formats the arguments: a va_list parameter is a pointer on x86-64 and on arm64 alike.
  const text = alloc(4096);
  return runtime.callback(PRINT, (level, format, args) => {
    if (level !== LIBBPF_WARN) return 0;
    libc().vsnprintf(text, BigInt(text.length), BigInt(format!), BigInt(args!));
    warnings.push(bufferText(text).trim());
    return 0;
  }).address;
}
