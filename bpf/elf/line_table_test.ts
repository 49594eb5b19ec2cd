import assert from "node:assert/strict";
import { test } from "node:test";
import { LINE_TEXTS, lineUnit } from "../../tests/support/line_unit.ts";
import { LineTable } from "./line_table.ts";

type Bytes = Uint8Array<ArrayBuffer>;
const joined = (...parts: readonly Bytes[]): Bytes =>
  Uint8Array.from(parts.flatMap((part) => [...part]));
const tableOf = (programs: Bytes) =>
  new LineTable({ programs, lineTexts: LINE_TEXTS, texts: undefined });
/** The lines of a unit's code, relative to its first address. */
const linesFrom = (table: LineTable, address: number) =>
  [-1, 0, 4, 5, 321, 322, 337, 338].map((at) => {
    const found = table.at(address + at);
    return found && `${found.file}:${found.line}`;
  });
/** The expected lines, for the path of the first file. */
const expected = (path: string) => {
  const [first, then, last] = [`${path}:10`, `${path}:12`, "lib/b.h:12"];
  return [undefined, first, first, then, then, last, last, undefined];
};

test("LineTable tells the line of an address, of all versions of DWARF", () => {
  const table = tableOf(joined(lineUnit(3, 0x1000), lineUnit(5, 0x3000), lineUnit(4, 0x2000)));
  assert.deepEqual(linesFrom(table, 0x1000), expected("a.c"));
  assert.deepEqual(linesFrom(table, 0x2000), expected("a.c"));
  assert.deepEqual(linesFrom(table, 0x3000), expected("/src/a"));
});

test("LineTable leaves out units that are not whole, and of others nothing", () => {
  const whole = lineUnit(4, 0x2000);
  const damaged = (at: number, value: number): Bytes => {
    const bytes = Uint8Array.from(lineUnit(5, 0x1000));
    bytes[at] = value;
    return bytes;
  };
  // The version, the line range, and the length of the header are wrong.
  for (const broken of [damaged(4, 6), damaged(16, 0), damaged(11, 1), damaged(8, 255)]) {
    const table = tableOf(joined(broken, whole));
    assert.deepEqual(linesFrom(table, 0x1000), Array(8).fill(undefined));
    assert.deepEqual(linesFrom(table, 0x2000), expected("a.c"));
  }
  // The second ends behind the section.
  const table = tableOf(joined(whole, lineUnit(5, 0x1000)).slice(0, -1) as Bytes);
  assert.deepEqual(linesFrom(table, 0x1000), Array(8).fill(undefined));
  assert.deepEqual(linesFrom(table, 0x2000), expected("a.c"));
  // Code that the linker dropped has address 0.
  assert.equal(tableOf(lineUnit(4, 0)).at(4), undefined);
  // The sections with the texts are missing.
  const bare = new LineTable({
    programs: lineUnit(5, 0x1000),
    lineTexts: undefined,
    texts: undefined,
  });
  assert.deepEqual(linesFrom(bare, 0x1000), Array(8).fill(undefined));
});
