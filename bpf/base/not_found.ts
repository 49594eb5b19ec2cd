/**
 * The error for a name that an object does not have.
 *
 * @module
 */

/** The error names what was not found, and what the object has. */
export function notFound(
  what: string,
  name: string,
  object: string,
  known: Iterable<string>,
): TypeError {
  const names = [...known].join(", ") || "none";
  return new TypeError(`Cannot find ${what} "${name}" in object "${object}": it has ${names}`);
}
