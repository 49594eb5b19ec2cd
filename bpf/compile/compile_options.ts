/**
 * What {@linkcode Bpf.compile} takes.
 *
 * @module
 */

import type { UsdtHook } from "../usdt/usdt_readarg.ts";
import type { Headers } from "./headers/choose.ts";

/** A program's text, or the file that holds it. */
export type CompileSource = string | { readonly file: string };

/** How {@linkcode Bpf.compile} compiles. */
export interface CompileOptions {
  /** The program's name in errors. Default: the file's path, or "program". */
  readonly name?: string;
  /**
   * Flags for clang: `["-DLIMIT=7", "-Iinclude"]`. Relative paths start at the current directory,
   * which itself is not searched for headers: `["-I."]` names it.
   */
  readonly cflags?: readonly string[];
  /**
   * Kernel headers: the installed ones, ones made from the kernel's BTF, or the folder of a kernel
   * tree. Default: those installed for the running kernel, or else from BTF.
   */
  readonly headers?: Headers;
  /**
   * Which function runs at which USDT probe: there it can call `bpf_usdt_readarg(1, ctx, &value)`
   * and `bpf_usdt_readarg_p(1, ctx, text, sizeof(text))`, counting arguments from 1.
   * {@linkcode Bpf.attach} attaches them.
   */
  readonly usdt?: readonly UsdtHook[];
  /** What to print on standard error, `llvm-ir` on standard output when the process ends. */
  readonly debug?: readonly DebugOutput[];
}

/**
 * One part of a compilation to print. Of a program that is loaded, `bytecode` is its instructions and
 * `registers` what the verifier found of each.
 */
export type DebugOutput =
  | "llvm-ir"
  | "bytecode"
  | "preprocessor"
  | "source"
  | "registers"
  | "btf";
