/**
 * Readers compiled for one struct, for those that are read often.
 *
 * The names of members and the places of their readers are written out: the engines then know the
 * object's shape and what reads each member, and put all of it in place. Three to six times as fast
 * under Deno as code that all structs share, up to twice under Bun. The names are C identifiers, see
 * `checkIdentifier()`, and nothing else of the text comes from outside.
 *
 * Where code may not be made from text, as with V8's `--disallow-code-generation-from-strings`, the
 * functions return undefined.
 *
 * @module
 */

import type { Slot } from "./layout.ts";
import type { RecordReader } from "./record_reader.ts";
import type { MovableView } from "./record_view.ts";

/** Compiles a reader into a fresh object. */
export function compiledReader(slots: readonly Slot[]): RecordReader | undefined {
  const properties = slots.map(({ name }, i) => `${name}: a${i}.read(view, at + o${i}, end)`);
  return compiled(slots, `return (view, at, end) => ({ ${properties.join(", ")} });`);
}

/** Compiles a view that can be moved about. */
export function compiledView(slots: readonly Slot[]): MovableView | undefined {
  const getters = slots.map(({ name }, i) =>
    `get ${name}() { return a${i}.read(memory, start + o${i}, limit); }`
  );
  return compiled(
    slots,
    `let memory, start, limit;
    const value = { ${getters.join(", ")} };
    const move = (view, at, end) => { memory = view; start = at; limit = end; };
    return { value, move };`,
  );
}

function compiled<T>(slots: readonly Slot[], body: string): T | undefined {
  // In an object literal this one name would set the prototype.
  if (slots.some(({ name }) => name === "__proto__")) return undefined;
  const constants = slots.map((_, i) => `{ access: a${i}, offset: o${i} }`);
  try {
    const text = `"use strict"; const [${constants.join(", ")}] = slots; ${body}`;
    return new Function("slots", text)(slots);
  } catch (error) {
    if (error instanceof EvalError) return undefined;
    throw error;
  }
}
