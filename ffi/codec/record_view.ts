import type { Codec } from "./codec.ts";
import type { Slot } from "./layout.ts";

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
  let memory: DataView = new DataView(new ArrayBuffer(codec.size));
  let start = 0;
  let limit = codec.size;
  // Properties of its own: a spread, which makes a plain object of it, takes no others.
  const properties = slots.map(({ name, offset, access }) => {
    const get = () => access.read(memory, start + offset, limit);
    return [name, { get, enumerable: true }] as const;
  });
  const value = Object.create(Object.prototype, Object.fromEntries(properties));
  return Object.freeze({
    size: codec.size,
    align: codec.align,
    type: codec.type,
    read(view: DataView, offset: number, end: number = view.byteLength) {
      check(offset, end);
      memory = view;
      start = offset;
      limit = end;
      return value;
    },
    write: codec.write,
  });
}
