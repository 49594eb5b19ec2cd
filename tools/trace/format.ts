/**
 * Format strings as of printf(3), for values that a program recorded.
 *
 * Floating-point conversions are only for values that a USDT probe passes as float or double. `%K`
 * and `%U`, which printf does not have, are bcc's: the name of the kernel or user function at an
 * address.
 *
 * @module
 */

import { chars, type Codec, f64, i16, i32, i64, i8, u16, u32, u64, u8 } from "../../mod.ts";
import { literalBytes } from "../../toolkit/probe_language/c_tokens.ts";
import { ProbeError } from "../../toolkit/probe_language/probe_error.ts";

/** One conversion (`%`) of a format. */
export interface Conversion {
  /** `d`, `u`, `x`, `X`, `o`, `c`, `s`, `p`, `f`, `e`, `g`, `K` or `U`. */
  readonly letter: string;
  readonly flags: string;
  readonly width: number;
  readonly precision: number | undefined;
  /** The C type that the value is converted to in the kernel; undefined for text. */
  readonly type: string | undefined;
  readonly codec: Codec<string | number | bigint>;
}

/** A parsed format: literal text and conversions, in order. */
export type Format = readonly (string | Conversion)[];

/** Returns the symbol at an address. @param letter `K` for the kernel, `U` for the process */
export type Name = (letter: string, address: bigint) => string;

const CONVERSION = /%([-+ 0#]*)(\d*)(?:\.(\d*))?(hh|h|ll|l|z|j|t)?([a-zA-Z%])/y;
/** Bits by length modifier. */
const BITS: Readonly<Record<string, number>> = { hh: 8, h: 16, "": 32 };
const SIGNED: Readonly<Record<number, Codec<number | bigint>>> = {
  8: i8,
  16: i16,
  32: i32,
  64: i64,
};
const UNSIGNED: Readonly<Record<number, Codec<number | bigint>>> = {
  8: u8,
  16: u16,
  32: u32,
  64: u64,
};
const WIDTH_MAX = 4096;

/**
 * Parses a format in quotation marks.
 *
 * @param probe the whole probe, for error messages
 * @param at the index at which the literal begins in `probe`
 * @param textSize maximum bytes for a `%s`
 * @throws {ProbeError}
 */
export function parseFormat(probe: string, literal: string, at: number, textSize: number): Format {
  const parts: (string | Conversion)[] = [];
  const end = literal.length - 1;
  for (let place = 1; place < end;) {
    const next = literal.indexOf("%", place);
    const stop = next < 0 ? end : next;
    if (stop > place) parts.push(unescaped(literal.slice(place, stop)));
    if (next < 0) break;
    CONVERSION.lastIndex = next;
    const match = CONVERSION.exec(literal);
    const conversion = match && conversionOf(match, textSize);
    if (!conversion) {
      throw new ProbeError(
        "no such conversion: there are %d %i %u %x %X %o with hh, h, l or ll, %c %s %p %f %e %g %K %U and %%",
        probe,
        at + next,
      );
    }
    parts.push(conversion);
    place = next + match[0].length;
  }
  return parts;
}

const unescaped = (text: string) => new TextDecoder().decode(literalBytes(`"${text}"`));

function conversionOf(match: RegExpExecArray, textSize: number): string | Conversion | undefined {
  const [, flags, width, precision, length = "", letter] = match;
  if (letter === "%") return "%";
  if (Number(width) > WIDTH_MAX || Number(precision ?? 0) > WIDTH_MAX) return undefined;
  const shape = {
    flags: flags!,
    width: Number(width),
    precision: precision === undefined ? undefined : Number(precision),
  };
  const number = (letter: string, bits: number, signed: boolean): Conversion => ({
    ...shape,
    letter,
    type: `${signed ? "s" : "u"}${bits}`,
    codec: (signed ? SIGNED : UNSIGNED)[bits]!,
  });
  const bits = BITS[length] ?? 64;
  switch (letter) {
    case "d":
    case "i":
      return number("d", bits, true);
    case "u":
    case "x":
    case "X":
    case "o":
      return number(letter, bits, false);
    case "c":
      return length === "" ? number("c", 8, false) : undefined;
    case "p":
    case "K":
    case "U":
      return length === "" ? number(letter, 64, false) : undefined;
    case "f":
    case "e":
    case "g":
      return /^l?$/.test(length) ? { ...shape, letter, type: "u64", codec: f64 } : undefined;
    case "s":
      return length === ""
        ? { ...shape, letter, type: undefined, codec: chars(textSize) }
        : undefined;
    default:
      return undefined;
  }
}

/** The conversions of a format, in order. */
export function conversionsOf(format: Format): Conversion[] {
  return format.filter((part) => typeof part !== "string");
}

/** The text with the values inserted. */
export function formatMessage(
  format: Format,
  values: readonly (string | number | bigint)[],
  name: Name,
): string {
  let next = 0;
  return format.map((part) => typeof part === "string" ? part : shown(part, values[next++]!, name))
    .join("");
}

function shown(conversion: Conversion, value: string | number | bigint, name: Name): string {
  const { letter, flags, width, precision } = conversion;
  const left = flags.includes("-");
  const padded = (text: string) => left ? text.padEnd(width) : text.padStart(width);
  if (letter === "s") return padded(String(value).slice(0, precision));
  if (letter === "c") return padded(String.fromCharCode(Number(value)));
  if (isFloating(conversion)) return padded(floatText(conversion, Number(value)));
  const number = BigInt(value);
  if (letter === "K" || letter === "U") return padded(name(letter, number));
  const [sign, prefix] = signOf(conversion, number);
  const digits = digitsOf(letter, number < 0n ? -number : number).padStart(precision ?? 1, "0");
  const zeros = flags.includes("0") && !left && precision === undefined;
  const room = width - sign.length - prefix.length;
  return padded(sign + prefix + (zeros ? digits.padStart(room, "0") : digits));
}

/** Whether a conversion is for a floating-point number. */
export const isFloating = ({ letter }: Conversion): boolean => /^[efg]$/.test(letter);

const PRECISION = 6;

function floatText({ letter, flags, width, precision = PRECISION }: Conversion, value: number) {
  const sign = value < 0 || Object.is(value, -0) ? "-" : flags.includes("+") ? "+" : "";
  const size = Math.abs(value);
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : `${sign}inf`;
  const digits = letter === "f" ? size.toFixed(precision) : scientific(letter, size, precision);
  const zeros = flags.includes("0") && !flags.includes("-");
  return sign + (zeros ? digits.padStart(width - sign.length, "0") : digits);
}

/** C writes at least two digits of an exponent; %g omits trailing zeros. */
function scientific(letter: string, size: number, precision: number): string {
  const text = (digits: number) => size.toExponential(digits).replace(/e([+-])(\d)$/, "e$10$2");
  if (letter === "e") return text(precision);
  const digits = Math.max(precision, 1);
  const exponent = Number(/e(.*)/.exec(text(digits - 1))![1]);
  return exponent < -4 || exponent >= digits
    ? text(digits - 1).replace(/\.?0*e/, "e")
    : size.toFixed(digits - 1 - exponent).replace(/(\.\d*?)0+$/, "$1").replace(/\.$/, "");
}

function signOf({ letter, flags }: Conversion, number: bigint): [sign: string, prefix: string] {
  if (letter === "p") return ["", "0x"];
  if (letter === "d") {
    return [number < 0n ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "", ""];
  }
  const prefix = { x: "0x", X: "0X", o: "0" }[letter] ?? "";
  return ["", flags.includes("#") && number !== 0n ? prefix : ""];
}

function digitsOf(letter: string, number: bigint): string {
  const base = letter === "o" ? 8 : letter === "x" || letter === "X" || letter === "p" ? 16 : 10;
  const digits = number.toString(base);
  return letter === "X" ? digits.toUpperCase() : digits;
}
