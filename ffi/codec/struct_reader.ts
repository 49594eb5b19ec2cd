import type { Slot } from "./layout.ts";
import { compiledReader } from "./struct_code.ts";

/** Reads all members of a struct or union into a fresh object. */
export type RecordReader = (
  view: DataView,
  offset: number,
  end?: number,
) => Record<string, unknown>;

/**
 * The number of reads after which a struct gets a compiled reader. Compiling takes half a millisecond, as
 * some hundred reads do; a tool that sees an event now and then reads it a third faster from then on.
 */
const OFTEN = 100;

/** Makes the reader for these members; there is at least one. */
export function recordReader(slots: readonly Slot[]): RecordReader {
  const shared = sharedReader(slots);
  let reads = 0;
  let reader: RecordReader = (view, at, end) => {
    if (++reads === OFTEN) reader = compiledReader(slots) ?? shared;
    return shared(view, at, end);
  };
  return (view, at, end) => reader(view, at, end);
}

/**
 * The reader for structs that are read now and then, or where no code may be compiled.
 *
 * Written out for the first twelve because every store then has its own place in the code, and the
 * engines' inline caches work per place: 50 ns against a loop's 200 ns for eight members under
 * Deno. Object literals with computed keys are as fast for one struct, but five times slower than
 * the loop once a second struct of as many members comes along.
 */
function sharedReader(slots: readonly Slot[]): RecordReader {
  const n = slots.length;
  const [a, b, c, d, e, f, g, h, i, j, k, l] = pad(slots);
  return (view, at, end) => {
    const row: Record<string, unknown> = {};
    row[a.name] = a.access.read(view, at + a.offset, end);
    if (n === 1) return row;
    row[b.name] = b.access.read(view, at + b.offset, end);
    if (n === 2) return row;
    row[c.name] = c.access.read(view, at + c.offset, end);
    if (n === 3) return row;
    row[d.name] = d.access.read(view, at + d.offset, end);
    if (n === 4) return row;
    row[e.name] = e.access.read(view, at + e.offset, end);
    if (n === 5) return row;
    row[f.name] = f.access.read(view, at + f.offset, end);
    if (n === 6) return row;
    row[g.name] = g.access.read(view, at + g.offset, end);
    if (n === 7) return row;
    row[h.name] = h.access.read(view, at + h.offset, end);
    if (n === 8) return row;
    row[i.name] = i.access.read(view, at + i.offset, end);
    if (n === 9) return row;
    row[j.name] = j.access.read(view, at + j.offset, end);
    if (n === 10) return row;
    row[k.name] = k.access.read(view, at + k.offset, end);
    if (n === 11) return row;
    row[l.name] = l.access.read(view, at + l.offset, end);
    for (let m = 12; m < n; m++) {
      const { name, offset, access } = slots[m]!;
      row[name] = access.read(view, at + offset, end);
    }
    return row;
  };
}

type Twelve = [Slot, Slot, Slot, Slot, Slot, Slot, Slot, Slot, Slot, Slot, Slot, Slot];

/** The first twelve slots, or if there are fewer, the first one repeated. */
function pad(slots: readonly Slot[]): Twelve {
  return Array.from({ length: 12 }, (_, i) => slots[i] ?? slots[0]) as Twelve;
}
