/**
 * Readers compiled for one struct, for those that are read often.
 *
 * The names of members and their readers are written out, so that engines know the shape of the object
 * and each step to it. Three to six times as fast under Deno as code that all structs share,
 * up to twice under Bun. The names are C identifiers, see `checkIdentifier()`, and nothing else of
 * the text comes from outside.
 *
 * Where code may not be made from text, as with V8's `--disallow-code-generation-from-strings`, the
 * functions return undefined.
 *
 * @module
 */

import type { Slot } from "./layout.ts";
import { codeOf, type ReadCode } from "./read_code.ts";
import type { RecordReader } from "./struct_reader.ts";
import type { Bound, RecordMover } from "./struct_view.ts";

/** Compiles a reader into a fresh object. */
export function compiledReader(slots: readonly Slot[]): RecordReader | undefined {
  return compiled(slots, (bind) => `return (view, at, end) => (${literal(slots, "at", bind)});`);
}

/** The text that reads a struct inside another; undefined when one of its names does not allow it. */
export function structCode(slots: readonly Slot[]): ReadCode | undefined {
  if (hasPrototype(slots)) return undefined;
  return (at, bind) => literal(slots, at, bind);
}

/** Compiles a view whose offset can be changed. */
export function compiledMover(slots: readonly Slot[], bound: Bound): RecordMover | undefined {
  return compiled(slots, (bind) => {
    const getters = slots.map(({ name, offset, access }) =>
      `get ${name}() { return ${codeOf(access)(`start + ${offset}`, bind)}; }`
    );
    return `let view, start, end;
      const value = { ${getters.join(", ")} };
      return (memory, at, limit) => {
        if (at + ${bound.least} > limit) ${bind(bound)}.refuse(at, limit);
        view = memory; start = at; end = limit;
        return value;
      };`;
  });
}

type Bind = Parameters<ReadCode>[1];

function literal(slots: readonly Slot[], at: string, bind: Bind): string {
  const properties = slots.map(({ name, offset, access }) =>
    `${name}: ${codeOf(access)(`${at} + ${offset}`, bind)}`
  );
  return `{ ${properties.join(", ")} }`;
}

/** In an object literal this one name would set the prototype. */
const hasPrototype = (slots: readonly Slot[]) => slots.some(({ name }) => name === "__proto__");

function compiled<T>(slots: readonly Slot[], body: (bind: Bind) => string): T | undefined {
  if (hasPrototype(slots)) return undefined;
  const bound: unknown[] = [];
  const text = body((value) => {
    const known = bound.indexOf(value);
    return `c${known < 0 ? bound.push(value) - 1 : known}`;
  });
  const names = bound.map((_, i) => `c${i}`);
  try {
    return new Function("bound", `"use strict"; const [${names}] = bound; ${text}`)(bound);
  } catch (error) {
    if (error instanceof EvalError) return undefined;
    throw error;
  }
}
