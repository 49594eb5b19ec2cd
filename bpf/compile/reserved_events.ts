/**
 * The types of events that a program writes in place: `events.ringbuf_reserve(sizeof(struct
 * event))`.
 *
 * libbcc describes the fields of events for `perf_submit` and `ringbuf_output`, but reserved memory
 * is bytes to it. It does describe the values of tables: so an array of the reserved type is
 * appended to the text, which no program uses and which is hidden from users.
 *
 * @module
 */

const PREFIX = "__tsbcc_event_of_";

/** Whether a table is one of those that {@linkcode reservedTables} adds. */
export function isReservedTable(name: string): boolean {
  return name.startsWith(PREFIX);
}

/** The table whose values are the events of a buffer. */
export function reservedTable(buffer: string): string {
  return PREFIX + buffer;
}

/**
 * The tables to append to a text; empty for one that reserves nothing, or whose type is ambiguous.
 */
export function reservedTables(text: string): string {
  const types = new Map<string, Set<string | undefined>>();
  const calls = text.matchAll(
    /\b(\w+)\s*\.\s*ringbuf_reserve\s*\(\s*sizeof\s*\(\s*([^()]+?)\s*\)\s*\)/g,
  );
  for (const call of calls) {
    const type = typeOf(call[2]!, text.slice(0, call.index));
    const found = types.get(call[1]!);
    if (found) found.add(type);
    else types.set(call[1]!, new Set([type]));
  }
  // A buffer of events of different types has no type.
  return [...types].map(([buffer, [type, ...others]]) =>
    type !== undefined && others.length === 0 && isDefined(type, text)
      ? `\nBPF_ARRAY(${reservedTable(buffer)}, ${type}, 1);`
      : ""
  ).join("");
}

/** The operand of `sizeof`: a struct, or the target of a pointer declared before. */
function typeOf(operand: string, before: string): string | undefined {
  const struct = /^struct\s+(\w+)$/.exec(operand)?.[1];
  if (struct !== undefined) return `struct ${struct}`;
  const pointer = /^\*\s*(\w+)$/.exec(operand)?.[1];
  if (pointer === undefined) return undefined;
  const declared = new RegExp(`\\bstruct\\s+(\\w+)\\s*\\*\\s*${pointer}\\b`, "g");
  const name = [...before.matchAll(declared)].at(-1)?.[1];
  return name && `struct ${name}`;
}

/** Whether the struct is defined unconditionally, outside #if. */
function isDefined(type: string, text: string): boolean {
  const before = text.slice(
    0,
    new RegExp(`\\b${type.replace(" ", "\\s+")}\\s*\\{`).exec(text)?.index,
  );
  const count = (directive: RegExp) => before.match(directive)?.length ?? 0;
  return before !== text && count(/^\s*#\s*if/gm) === count(/^\s*#\s*endif/gm);
}
