/**
 * JavaScript text of codecs' readers: the parts from which `struct_code.ts` compiles a struct's reader.
 *
 * A codec without a text is called. A text saves that call, which JavaScript engines inline by themselves
 * only while there are few members.
 *
 * @module
 */

/**
 * Writes an expression that reads the value at the offset that `at` is an expression of; `view` is
 * the memory. `bind` gives any other value that it needs a name.
 */
export type ReadCode = (at: string, bind: (value: unknown) => string) => string;

const codes = new WeakMap<object, ReadCode>();

/** Gives a codec its text; returns the codec. */
export function withCode<C extends object>(codec: C, code: ReadCode): C {
  codes.set(codec, code);
  return codec;
}

/** The text of a codec; one without is called, with the end of the value for flexible members. */
export function codeOf(codec: { read: unknown }): ReadCode {
  return codes.get(codec) ?? ((at, bind) => `${bind(codec)}.read(view, ${at}, end)`);
}
