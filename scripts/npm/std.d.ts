/**
 * Types of what is used of Deno's standard library: the npm package that deno.json maps `@std/…` to
 * (JSR is not reachable everywhere) is plain JavaScript.
 *
 * Of `@std/cli` the map has parse_args alone: its mod.js imports a file that the package lacks (see
 * findings/deno-std-missing-files.sh).
 */

declare module "@std/assert" {
  /** @throws {AssertionError} with the reason, when `expr` is falsy */
  export function assert(expr: unknown, msg?: string): asserts expr;
  /** Compares by value, and shows the difference line by line. @throws {AssertionError} */
  export function assertEquals<T>(actual: T, expected: T, msg?: string): void;
  /** @throws {AssertionError} when the text does not match */
  export function assertMatch(actual: string, expected: RegExp, msg?: string): void;
}

declare module "@std/cli" {
  /** Reads words of a command line: flags, options with values, which are numbers where they look so, the rest under `_`. */
  export function parseArgs<D extends Readonly<Record<string, unknown>>>(
    args: readonly string[],
    options?: {
      readonly boolean?: readonly string[];
      readonly string?: readonly string[];
      readonly default?: D;
      /** Called for each option that is not named above. */
      readonly unknown?: (arg: string, key?: string) => unknown;
    },
  ): Record<string, unknown> & D & { readonly _: readonly (string | number)[] };
}

declare module "@std/encoding" {
  /** Two lower-case digits for each byte. */
  export function encodeHex(bytes: Uint8Array): string;
  /** Text is taken as UTF-8. */
  export function encodeBase64(data: Uint8Array | string): string;
  /** @throws {TypeError} for what is no base64 */
  export function decodeBase64(text: string): Uint8Array;
}

declare module "@std/streams" {
  /** Splits text into lines, without their ends. */
  export class TextLineStream extends TransformStream<string, string> {}
}
