/**
 * The error for a name that an object does not have.
 *
 * @module
 */

/** Names what was asked for, and what there is. */
export function notFound(
  what: string,
  name: string,
  object: string,
  known: Iterable<string>,
): TypeError {
  const names = [...known].join(", ") || "none";
  return new TypeError(`Cannot find ${what} "${name}" in object "${object}": it has ${names}`);
}
