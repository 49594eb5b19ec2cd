import type { Codec, CType } from "./codec.ts";
import { codeOf, withCode } from "./read_code.ts";
import { wrongType } from "./validate.ts";

/**
 * Limits up to which a compiled reader has one expression per element: the number of elements, and
 * the length of all expressions in characters.
 */
const MOST_WRITTEN_OUT = 64;
const LONGEST_TEXT = 8192;

/**
 * `element[n]` as an array of `n` values; writing takes exactly `n`.
 *
 * Text is `chars(n)` and raw memory `bytes(n)`, both much faster.
 */
export function array<T>(element: Codec<T>, n: number): Codec<T[]> {
  checkLength(n, "element");
  if (isFlexible(element.type)) {
    throw new TypeError("Cannot make an array of a type with a flexible array member");
  }
  const { size } = element;
  const codec = Object.freeze({
    size: size * n,
    align: element.align,
    type: Object.freeze({ kind: "array" as const, element: element.type, length: n }),
    read(view: DataView, offset: number) {
      const values: T[] = [];
      for (let i = 0; i < n; i++) values.push(element.read(view, offset + i * size));
      return values;
    },
    write(view: DataView, offset: number, values: T[]) {
      if (!Array.isArray(values)) throw wrongType(values, "an array", `${n} elements`);
      if (values.length !== n) {
        throw new RangeError(`Cannot write ${values.length} elements to an array: expected ${n}`);
      }
      values.forEach((value, i) => element.write(view, offset + i * size, value));
    },
  });
  return withCode(codec, (at, bind) => {
    const elements = Array.from(
      { length: Math.min(n, MOST_WRITTEN_OUT) },
      (_, i) => codeOf(element)(`${at} + ${i * size}`, bind),
    );
    const text = elements.join(", ");
    const isLong = n > MOST_WRITTEN_OUT || text.length > LONGEST_TEXT;
    return isLong ? `${bind(codec)}.read(view, ${at})` : `[${text}]`;
  });
}

/** Refuses a length that no C array has. */
export function checkLength(n: number, element: string): void {
  if (!Number.isSafeInteger(n) || n < 1) {
    throw new RangeError(`Cannot make an array ${element}[${n}]: expected a length of 1 or more`);
  }
}

/** Whether the type is or ends in a flexible array member. */
export function isFlexible(type: CType): boolean {
  if (type.kind === "array") return type.length === 0;
  if (type.kind !== "struct") return false;
  const last = type.members.at(-1);
  return last !== undefined && isFlexible(last.type);
}
