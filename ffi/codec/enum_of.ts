import type { Codec } from "./codec.ts";
import { checkIdentifier } from "./c_identifier.ts";
import { outOfRange, wrongType } from "./validate.ts";
import { u32 } from "./scalars.ts";

/**
 * An `enum` of named numbers.
 *
 * Reads the enumerator's name, or the number itself when no name has it; of several names with one
 * number the first is read. Writes take a name or a number. `base` is the integer that holds it:
 * C makes an enum a 32-bit integer, signed only if some value is negative; with any other base the
 * C text declares fields with the base type and the enum for its names.
 *
 * @param name The tag; empty for an anonymous enum.
 *
 * @example
 * ```ts
 * import { enumOf } from "./enum_of.ts";
 *
 * const State = enumOf("state", { RUNNING: 0, STOPPED: 4 });
 * const view = new DataView(new ArrayBuffer(4));
 * State.write(view, 0, "STOPPED");
 * if (State.read(view, 0) !== "STOPPED") throw new Error("unexpected name");
 * ```
 */
export function enumOf<const V extends Readonly<Record<string, number>>>(
  name: string,
  values: V,
  base: Codec<number> = u32,
): Codec<(keyof V & string) | number> {
  const { type } = base;
  if (type.kind !== "int" || type.bigEndian) {
    throw new TypeError("Cannot make an enum on this base: expected an integer codec");
  }
  if (name !== "") checkIdentifier(name, "enum");
  const target = name === "" ? "enum" : `enum ${name}`;
  const numbers = new Map<string, number>(Object.entries(values));
  if (numbers.size === 0) {
    throw new RangeError(`Cannot make ${target}: expected at least one value`);
  }
  const scratch = new DataView(new ArrayBuffer(base.size));
  const names = new Map<number, keyof V & string>();
  for (const [key, number] of numbers) {
    checkIdentifier(key, "enumerator");
    base.write(scratch, 0, number);
    if (!names.has(number)) names.set(number, key);
  }
  return Object.freeze({
    size: base.size,
    align: base.align,
    type: Object.freeze({
      kind: "enum" as const,
      name,
      bytes: type.bytes,
      signed: type.signed,
      values: Object.freeze({ ...values }),
    }),
    read(view: DataView, offset: number) {
      const number = base.read(view, offset);
      return names.get(number) ?? number;
    },
    write(view: DataView, offset: number, value: string | number) {
      if (typeof value === "number") return base.write(view, offset, value);
      if (typeof value !== "string") throw wrongType(value, target, "a name or a number");
      const number = numbers.get(value);
      if (number === undefined) {
        throw outOfRange(value, target, `one of ${[...numbers.keys()].join(", ")}`);
      }
      base.write(view, offset, number);
    },
  });
}
