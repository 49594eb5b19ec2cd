/**
 * Divides the rows of a file into parts that fit into chunks (unwind_tables.h): the rows by which any address is looked
 * up, and the few by which return addresses are.
 *
 * @module
 */

import type { MappedFrames } from "../../unwinding.ts";

export const CHUNK_ROWS = 65536;
/**
 * A part takes a multiple of this many rows, so that its index has room for the size of a bucket, the first
 * bucket and the end of the last one.
 */
const PART_ROWS = 16;

/** Rows that are adjacent in a chunk. */
export interface Part {
  /** 0: the chunk that is being filled; 1: the next one, and so on. */
  readonly chunk: number;
  /** Where it begins in the chunk. */
  readonly first: number;
  /** Which rows of the file they are. */
  readonly rows: Uint32Array;
}

/** Adjacent rows of a file, of which those for return addresses are one part. */
export interface Section {
  /** All rows. */
  readonly all: readonly Part[];
  /** The first row, then each that changes the rule for return addresses. */
  readonly calls: Part;
}

type Rules = Pick<MappedFrames, "rules" | "calls">;

/** The place that rows take in a chunk. */
export const placeOf = (rows: number): number => Math.ceil(rows / PART_ROWS) * PART_ROWS;

/**
 * Finds places for a file's rows; most files are one section.
 *
 * @param used the rows of the chunk that is being filled
 */
export function sectionsOf(frames: Rules, used: number): readonly Section[] {
  const sections: Section[] = [];
  let [chunk, at] = [0, used];
  const place = (rows: Uint32Array): Part => {
    const part = { chunk, first: at, rows };
    at += placeOf(rows.length);
    return part;
  };
  for (let from = 0; from < frames.rules.length;) {
    const { kept, end } = callsFrom(frames, from);
    const all: Part[] = [];
    let calls: Part | undefined;
    while (!calls || from < end) {
      const room = CHUNK_ROWS - at;
      if (!calls && placeOf(kept.length) <= room) calls = place(Uint32Array.from(kept));
      else if (room > 0 && from < end) {
        const rows = new Uint32Array(Math.min(end - from, room));
        for (let i = 0; i < rows.length; i++) rows[i] = from + i;
        all.push(place(rows));
        from += rows.length;
      } else [chunk, at] = [chunk + 1, 0];
    }
    sections.push({ all, calls });
  }
  return sections;
}

/** The rows for return addresses from a row on, and the row that would need another chunk for them. */
function callsFrom({ rules, calls }: Rules, from: number): { kept: number[]; end: number } {
  const kept = [from];
  let [end, last] = [from + 1, rules[from]!];
  for (; end < rules.length; end++) {
    if (calls[end] === 0 || rules[end] === last) continue;
    if (kept.length === CHUNK_ROWS) break;
    kept.push(end);
    last = rules[end]!;
  }
  return { kept, end };
}
