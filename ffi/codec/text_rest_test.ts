import assert from "node:assert/strict";
import { test } from "node:test";
import { struct } from "./struct.ts";
import { u32 } from "./scalars.ts";
import { textRest } from "./text_rest.ts";

const Event = struct("event", { pid: u32, text: textRest() });

/** Reads an event with these bytes as its text, between others that are none of it. */
function read(...text: number[]): string {
  const bytes = Uint8Array.from([0xff, 0xb5, 0, 0, 0, ...text, 0x41, 0]);
  const event = Event.read(new DataView(bytes.buffer), 1, bytes.length - 2);
  assert.equal(event.pid, 181);
  return event.text;
}

const of = (text: string) => [...new TextEncoder().encode(text)];

test("textRest() reads to the end of the value, NULs included", () => {
  assert.equal(read(), "");
  assert.equal(read(...of("path")), "path");
  assert.equal(read(...of("path\0")), "path\0");
  assert.equal(read(...of("one\0two\0")), "one\0two\0");
  assert.equal(read(...of("\0\0")), "\0\0");
  assert.equal(read(...of("grün\0日本\0")), "grün\0日本\0");
});

test("textRest() tells a NUL at the end from none, whatever was read before", () => {
  for (const text of ["same", "same\0", "same", "same\0more", "s", "same\0"]) {
    assert.equal(read(...of(text)), text);
  }
});

test("textRest() reads text of more bytes than letters whole", () => {
  // The number of characters equals the number of bytes up to a NUL, or in all: a comparison of
  // lengths alone would go wrong.
  for (const text of ["é\0", "ü\0\0", "日\0a", "é", "\0é"]) assert.equal(read(...of(text)), text);
});

test("textRest() keeps bytes that are not UTF-8", () => {
  assert.equal(read(0xff, 0, 0xe9), "\udcff\0\udce9");
});

test("textRest() reads to the end of the view when nobody says where the value ends", () => {
  const view = new DataView(Uint8Array.from([181, 0, 0, 0, 0x61, 0, 0x62]).buffer);
  assert.deepEqual(Event.read(view, 0), { pid: 181, text: "a\0b" });
});

test("textRest() reads what it wrote", () => {
  const event = { pid: 181, text: "grün\0\udcff" };
  const view = new DataView(new ArrayBuffer(4 + 7));
  Event.write(view, 0, event);
  assert.deepEqual(Event.read(view, 0), event);
});

test("textRest() takes no room of its own and is C's flexible array", () => {
  assert.equal(Event.size, 4);
  assert.match(Event.toC(), /char text\[\];/);
});
