/**
 * Base class of all errors that this library throws. Pure: the codecs below everything else throw
 * it too.
 *
 * @module
 */

/**
 * What went wrong, to tell errors apart without their classes:
 *
 * - `bpf`: the kernel or libbpf refused something
 * - `verifier`: the kernel refused a program
 * - `unsupported`: the kernel or machine lacks a feature, for certain
 * - `compile`: a text did not compile
 * - `layout`: a codec does not match what is there
 * - `library`: a shared library is missing, unreadable or too old
 * - `system`: a system call on a file or process failed
 * - `usage`: a tool does not take its command line: `UsageError` of `./toolkit`
 */
export type ErrorKind =
  | "bpf"
  | "verifier"
  | "unsupported"
  | "compile"
  | "layout"
  | "library"
  | "system"
  | "usage";

/**
 * The base class of all errors that this library throws for conditions that it finds. Mistakes of
 * the caller, such as a name that does not exist, are a `TypeError` or a `RangeError` instead.
 *
 * @example Telling errors apart
 * ```ts
 * import { Bpf, TsBccError } from "../../mod.ts";
 *
 * export function main(object: Uint8Array) {
 *   try {
 *     using bpf = Bpf.load(object);
 *     bpf.attach();
 *   } catch (error) {
 *     if (!(error instanceof TsBccError)) throw error;
 *     console.error(error.kind === "unsupported" ? "not on this kernel:" : "failed:", error.message);
 *   }
 * }
 * ```
 */
export abstract class TsBccError extends Error {
  /**
   * What went wrong. A getter and not a field, because runtimes print the fields of an uncaught
   * error.
   */
  abstract get kind(): ErrorKind;
}
