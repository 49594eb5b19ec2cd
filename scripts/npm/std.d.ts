/**
 * Types of the parts of Deno's standard library that we use. deno.json maps `@std/…` to an npm package,
 * because JSR is not reachable everywhere; that package is JavaScript without types.
 *
 * `@std/cli` is mapped to parse_args only: its mod.js imports a file that the package lacks (see
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
  /** Parses a command line: flags and options with values (numeric values become numbers); other words are in `_`. */
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
  /** Returns two lower-case hexadecimal digits for each byte. */
  export function encodeHex(bytes: Uint8Array): string;
  /** Encodes bytes, or a text as UTF-8. */
  export function encodeBase64(data: Uint8Array | string): string;
  /** @throws {TypeError} if the text is not valid base64 */
  export function decodeBase64(text: string): Uint8Array;
}

declare module "@std/streams" {
  /** Splits text into lines, without their ends. */
  export class TextLineStream extends TransformStream<string, string> {}
}
