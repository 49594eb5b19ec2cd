/**
 * Source lines of Python instructions, from the location table in code objects since 3.11.
 *
 * Layout (Objects/locations.md of CPython): entries whose first byte has its highest bit set, followed by 4
 * bits for the kind of entry, and 3 for the number of instructions minus one.
 *
 * @module
 */

const [NO_COLUMNS, LONG, NONE] = [13, 14, 15];
/** Kinds that add 0, 1, 2 to the line. */
const FIRST_ONE_LINE = 10;

/**
 * The line of an instruction; undefined if it has none, or the table is too short.
 *
 * @param first the first line of the code
 * @param instruction index in units of two bytes
 */
export function pythonLine(
  table: Uint8Array,
  first: number,
  instruction: number,
): number | undefined {
  let [line, reached] = [first, 0];
  for (let at = 0; at < table.length;) {
    const head = table[at++]!;
    const kind = head >>> 3 & 0xf;
    if (kind === NO_COLUMNS || kind === LONG) {
      let [value, shift] = [0, 0];
      for (let next = 0x40; next & 0x40 && shift < 30; shift += 6) {
        next = table[at++] ?? 0;
        value |= (next & 0x3f) << shift;
      }
      line += value & 1 ? -(value >>> 1) : value >>> 1;
    } else if (kind >= FIRST_ONE_LINE && kind < NO_COLUMNS) line += kind - FIRST_ONE_LINE;
    reached += (head & 7) + 1;
    if (instruction < reached) return kind === NONE ? undefined : line;
    // The rest is columns, which are not used.
    while (at < table.length && !(table[at]! & 0x80)) at++;
  }
  return undefined;
}
