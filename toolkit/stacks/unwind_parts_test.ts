import assert from "node:assert/strict";
import { test } from "node:test";
import { CHUNK_ROWS, placeOf, type Section, sectionsOf } from "./unwind_parts.ts";

/** Rows whose rule for return addresses changes at every `step`-th. */
function framesOf(count: number, step: number) {
  const calls = Uint8Array.from({ length: count }, (_, i) => i % step === 0 ? 1 : 0);
  return { rules: Uint32Array.from({ length: count }, (_, i) => i), calls };
}

/** Checks that all rows have places in chunks, one after the other, that do not overlap. */
function check(sections: readonly Section[], count: number, used: number): void {
  let next = 0;
  for (const { rows } of sections.flatMap(({ all }) => all)) {
    assert(rows.every((row, i) => row === next + i));
    next += rows.length;
  }
  assert.equal(next, count);
  const parts = sections.flatMap(({ all, calls }) => [...all, calls])
    .toSorted((a, b) => a.chunk - b.chunk || a.first - b.first);
  let [chunk, at] = [0, used];
  for (const part of parts) {
    if (part.chunk > chunk) [chunk, at] = [part.chunk, 0];
    assert(part.first >= at && part.first % 16 === 0 && part.rows.length > 0);
    at = part.first + placeOf(part.rows.length);
    assert(at <= CHUNK_ROWS);
  }
}

/** The row for a return address whose own row is `row`. */
function callRow(sections: readonly Section[], row: number): number {
  const section = sections.findLast(({ all }) => all[0]!.rows[0]! <= row)!;
  return section.calls.rows.findLast((kept) => kept <= row)!;
}

const SIZES = [1, 16, 17, 5000, CHUNK_ROWS - 16, CHUNK_ROWS, CHUNK_ROWS + 1, 200_000];

for (const count of SIZES) {
  test(`${count} rows have places, wherever they begin, and few are for return addresses`, () => {
    const frames = framesOf(count, 10);
    for (const used of [0, 16, 4096, CHUNK_ROWS - 32, CHUNK_ROWS - 16, CHUNK_ROWS]) {
      const sections = sectionsOf(frames, used);
      assert.equal(sections.length, 1);
      check(sections, count, used);
      for (let row = 0; row < count; row += 997) {
        assert.equal(callRow(sections, row), row - row % 10);
      }
    }
  });
}

test("a file with more rows for return addresses than a chunk holds has several sections", () => {
  const frames = framesOf(200_000, 2);
  const sections = sectionsOf(frames, 4096);
  assert.equal(sections.length, 2);
  check(sections, 200_000, 4096);
  for (let row = 0; row < 200_000; row += 997) {
    assert.equal(callRow(sections, row), row - row % 2);
  }
});

test("of rows for return addresses with the same rule the first is kept, and the first of all", () => {
  const frames = {
    rules: Uint32Array.of(7, 5, 5, 6, 5, 8, 9),
    calls: Uint8Array.of(0, 1, 1, 0, 1, 1, 0),
  };
  const [section] = sectionsOf(frames, 0);
  assert.deepEqual([...section!.calls.rows], [0, 1, 5]);
});
