import type { Codec } from "./codec.ts";
import type { Slot } from "./layout.ts";
import { compiledMover } from "./struct_code.ts";

/** The least size of a value, and the check that rejects shorter ones. */
export interface Bound {
  readonly least: number;
  refuse(offset: number, end: number): never;
}

/** Moves an object, the same for every call, to a value in memory, whose members it then reads. */
export type RecordMover = (view: DataView, at: number, end: number) => Record<string, unknown>;

/**
 * Makes the codec whose value is one object, the same for every read, that reads a member when it
 * is asked for it.
 */
export function recordView(
  codec: Codec<unknown>,
  slots: readonly Slot[],
  bound: Bound,
): Codec<Record<string, unknown>> {
  let move: RecordMover | undefined;
  return Object.freeze({
    size: codec.size,
    align: codec.align,
    type: codec.type,
    read(view: DataView, offset: number, end: number = view.byteLength) {
      move ??= compiledMover(slots, bound) ?? mover(slots, bound);
      return move(view, offset, end);
    },
    write: codec.write,
  });
}

function mover(slots: readonly Slot[], { least, refuse }: Bound): RecordMover {
  let memory = new DataView(new ArrayBuffer(0)) as DataView;
  let start = 0;
  let limit = 0;
  // Properties of its own: JSON and a spread, which makes a plain object of it, take no others.
  const properties = slots.map(({ name, offset, access }) => {
    const get = () => access.read(memory, start + offset, limit);
    return [name, { get, enumerable: true, configurable: true }] as const;
  });
  const value = Object.defineProperties({}, Object.fromEntries(properties));
  return (view, at, end) => {
    if (at + least > end) refuse(at, end);
    memory = view;
    start = at;
    limit = end;
    return value;
  };
}
