/**
 * Values of records as short texts, which tables show and filters compare.
 *
 * @module
 */

/** What a cell shows of a value, whatever JSON it is. */
export function valueText(value: unknown): string {
  if (value === null || value === undefined) return "–";
  if (typeof value === "number") {
    return Number.isInteger(value) ? String(value) : String(Number(value.toFixed(4)));
  }
  if (Array.isArray(value)) return value.map(valueText).join(" ");
  if (typeof value === "object") {
    return Object.entries(value).map(([name, each]) => `${name}=${valueText(each)}`).join(" ");
  }
  return String(value);
}
