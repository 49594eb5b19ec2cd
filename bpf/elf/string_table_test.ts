import assert from "node:assert/strict";
import { test } from "node:test";
import { decodeName, StringTable } from "./string_table.ts";

const PAGE = 2 ** 16;

/** A table of these texts at these offsets of a file, with letters between them. */
function tableOf(size: number, texts: readonly (readonly [at: number, text: string])[]) {
  const file = new Uint8Array(100 + size + 100).fill("x".charCodeAt(0));
  for (const [at, text] of texts) file.set(new TextEncoder().encode(text), 100 + at);
  const read = (offset: number, length: number) => {
    if (offset + length > file.length) throw new RangeError("it ends before");
    return file.slice(offset, offset + length);
  };
  const section = { name: ".strtab", type: 3, flags: 0, address: 0, offset: 100, size, link: 0 };
  return new StringTable(read, section);
}

test("StringTable reads names in a page, over the end of one, and up to the end of the table", () => {
  const table = tableOf(3 * PAGE, [
    [0, "\0first\0f@@V_1.2\0__under\0"],
    [PAGE - 4, "across\0"],
    [2 * PAGE - 5, "whole\0next\0"],
    [3 * PAGE - 5, "last!"],
  ]);
  const names = [1, 7, 16, PAGE - 4, PAGE + 1, 2 * PAGE - 5, 2 * PAGE + 1, 3 * PAGE - 5]
    .map((at) => table.textAt(at));
  assert.deepEqual(names, ["first", "f", "__under", "across", "s", "whole", "next", "last!"]);
  assert.deepEqual([0, 3 * PAGE, 3 * PAGE + 7, 2 ** 32 - 1].map((at) => table.textAt(at)), [
    "",
    "",
    "",
    "",
  ]);
  assert.deepEqual([16, 1].map((at) => table.underscoresAt(at)), [2, 0]);
  const text = (name: string) => new TextEncoder().encode(name);
  assert.equal(table.isText(PAGE - 4, text("across")), true);
  assert.equal(table.isText(PAGE - 4, text("acros")), false);
});

test("StringTable hands each name over as bytes, and cuts one that does not end", () => {
  const table = tableOf(3 * PAGE, [[PAGE - 2, "ab\0"], [PAGE + 1, "c\0"]]);
  const upper = (...name: Parameters<typeof decodeName>) => decodeName(...name).toUpperCase();
  assert.deepEqual([PAGE - 2, PAGE + 1].map((at) => table.textAt(at, upper)), ["AB", "C"]);
  for (const at of [PAGE + 3, 2 * PAGE - 100]) {
    assert.equal(table.textAt(at), "x".repeat(2 ** 14));
  }
});
