/**
 * libbcc, opened at the first call. It must not be called from two threads at once.
 *
 * @module
 */

import { LIBBCC_FUNCTIONS } from "./libbcc_functions.ts";
import { lazyLibrary } from "./library.ts";
import { libbpf } from "./libbpf.ts";
import type { Symbols } from "./runtime/runtime.ts";

const open = lazyLibrary({
  name: "libbcc",
  soname: "libbcc.so.0",
  variable: "TSBCC_LIBBCC",
  table: LIBBCC_FUNCTIONS,
  hint:
    "install libbcc 0.26 or later (Debian: libbpfcc; Ubuntu: libbpfcc; Fedora, Arch: bcc), or " +
    "name a copy in TSBCC_LIBBCC",
});

/** libbcc's symbols, opened at the first call. */
export function libbcc(): Symbols<typeof LIBBCC_FUNCTIONS> {
  // First libbpf: libbcc then uses the same copy, and a missing one is reported as such.
  libbpf();
  return open();
}
