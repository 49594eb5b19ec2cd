import assert from "node:assert/strict";
import { test } from "node:test";
import { notesIn } from "./elf_notes.ts";

/** A note with the sizes that it is said to have, whatever it has. */
function note(
  name: string,
  type: number,
  content: readonly number[],
  { align = 4, nameSize = name.length + 1, size = content.length } = {},
): number[] {
  const header = new Uint8Array(new Uint32Array([nameSize, size, type]).buffer);
  const bytes = [...header, ...new TextEncoder().encode(`${name}\0`)];
  while (bytes.length % align !== 0) bytes.push(0);
  bytes.push(...content);
  while (bytes.length % align !== 0) bytes.push(0);
  return bytes;
}

const read = (bytes: readonly number[], align?: number) =>
  Array.from(notesIn(Uint8Array.from(bytes), align), ({ name, type, content }) => ({
    name,
    type,
    content: [...content],
  }));

test("notesIn() reads names, types and contents with their padding", () => {
  const bytes = [
    ...note("GNU", 3, [1, 2, 3, 4, 5]),
    ...note("stapsdt", 3, []),
    ...note("x", 9, [7]),
  ];
  assert.deepEqual(read(bytes), [
    { name: "GNU", type: 3, content: [1, 2, 3, 4, 5] },
    { name: "stapsdt", type: 3, content: [] },
    { name: "x", type: 9, content: [7] },
  ]);
  const wide = [...note("GNU", 5, [1, 2, 3], { align: 8 }), ...note("GNU", 3, [4], { align: 8 })];
  assert.deepEqual(read(wide, 8).map(({ content }) => content), [[1, 2, 3], [4]]);
  assert.deepEqual(read([]), []);
  assert.deepEqual(read(bytes.slice(0, 11)), []);
});

test("notesIn() ends at sizes that lead out of the section, however they are rounded", () => {
  const first = note("GNU", 3, [1, 2, 3, 4]);
  const expected = [{ name: "GNU", type: 3, content: [1, 2, 3, 4] }];
  for (const huge of [0xffffffff, 0xfffffffd, 0xfffffff4, 0x80000000, 0x7fffffff, 1000]) {
    assert.deepEqual(read([...first, ...note("GNU", 3, [9], { nameSize: huge })]), expected);
    assert.deepEqual(read([...first, ...note("GNU", 3, [9], { size: huge })]), expected);
  }
  // Nothing but zeros: as many empty notes as fit, and an end.
  assert.equal(read(new Array(120).fill(0)).length, 10);
});
