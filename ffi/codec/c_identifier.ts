const KEYWORDS = new Set(
  ("auto break case char const continue default do double else enum extern float for goto if " +
    "inline int long register restrict return short signed sizeof static struct switch typedef " +
    "union unsigned void volatile while").split(" "),
);

/**
 * Refuses a name that C cannot give to a field, tag or enumerator.
 *
 * JavaScript moves keys such as "0" before the others, which would change a layout; they are no C
 * identifiers either. "__proto__" is one, but an object literal does not keep it as a key.
 */
export function checkIdentifier(name: string, role: string): void {
  if (!/^[A-Za-z_]\w*$/.test(name) || KEYWORDS.has(name) || name === "__proto__") {
    throw new RangeError(`Cannot name ${role} ${JSON.stringify(name)}: expected a C identifier`);
  }
}
