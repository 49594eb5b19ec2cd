/** A value as an error message shows it: strings quoted and cut, bigints with their `n`. */
export function show(value: unknown): string {
  switch (typeof value) {
    case "string":
      return JSON.stringify(value.length > 40 ? value.slice(0, 40) + "…" : value);
    case "bigint":
      return `${value}n`;
    case "number":
    case "boolean":
    case "undefined":
      return String(value);
    case "object":
      return value === null ? "null" : Array.isArray(value) ? "an array" : "an object";
    default:
      return `a ${typeof value}`;
  }
}

/** The error for a value of the wrong JavaScript type. */
export function wrongType(value: unknown, target: string, expected: string): TypeError {
  return new TypeError(`Cannot write ${show(value)} to ${target}: expected ${expected}`);
}

/** The error for a value of the right type that the C type cannot hold. */
export function outOfRange(value: unknown, target: string, expected: string): RangeError {
  return new RangeError(`Cannot write ${show(value)} to ${target}: expected ${expected}`);
}

/** Refuses everything but an integer from `min` to `max`. */
export function checkInteger(value: unknown, target: string, min: number, max: number): void {
  if (!Number.isInteger(value)) throw wrongType(value, target, "an integer");
  const integer = value as number;
  if (integer < min || integer > max) throw outOfRange(value, target, `${min} to ${max}`);
}

/** Refuses everything but a bigint from `min` to `max`. */
export function checkBigint(value: unknown, target: string, min: bigint, max: bigint): void {
  if (typeof value !== "bigint") throw wrongType(value, target, "a bigint");
  if (value < min || value > max) throw outOfRange(value, target, `${min} to ${max}`);
}
