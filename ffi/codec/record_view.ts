import type { Codec } from "./codec.ts";
import type { Slot } from "./layout.ts";
import { compiledView } from "./record_code.ts";

/** An object that reads members of the memory to which it was moved last. */
export interface MovableView {
  readonly value: Record<string, unknown>;
  move(view: DataView, start: number, end: number): void;
}

/**
 * Makes the codec whose value is one object, the same for every read, that reads a member when it
 * is asked for it.
 *
 * `check` refuses a value that does not fit, as the struct's own `read` does.
 */
export function recordView(
  codec: Codec<unknown>,
  slots: readonly Slot[],
  check: (offset: number, end: number) => void,
): Codec<Record<string, unknown>> {
  let made: MovableView | undefined;
  return Object.freeze({
    size: codec.size,
    align: codec.align,
    type: codec.type,
    read(view: DataView, offset: number, end: number = view.byteLength) {
      check(offset, end);
      made ??= compiledView(slots) ?? movableView(slots);
      made.move(view, offset, end);
      return made.value;
    },
    write: codec.write,
  });
}

function movableView(slots: readonly Slot[]): MovableView {
  let memory = new DataView(new ArrayBuffer(0)) as DataView;
  let start = 0;
  let limit = 0;
  // Properties of its own: JSON and a spread, which makes a plain object of it, take no others.
  const properties = slots.map(({ name, offset, access }) => {
    const get = () => access.read(memory, start + offset, limit);
    return [name, { get, enumerable: true, configurable: true }] as const;
  });
  return {
    value: Object.defineProperties({}, Object.fromEntries(properties)),
    move(view, at, end) {
      memory = view;
      start = at;
      limit = end;
    },
  };
}
