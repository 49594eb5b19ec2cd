import assert from "node:assert/strict";
import { test } from "node:test";
import { libc } from "./libc.ts";
import { map, MAP_ANONYMOUS, MAP_PRIVATE, PROT_READ, PROT_WRITE } from "./mmap.ts";
import { alloc, bufferText, copyOf, cString, outWord, textAt } from "./memory.ts";
import { runtime } from "../runtime/runtime.ts";

const PAGE = 4096;

/** Calls with pages of memory behind which nothing is mapped. */
function withPages(count: number, use: (bytes: Uint8Array, address: bigint) => void): void {
  const flags = MAP_PRIVATE | MAP_ANONYMOUS;
  using pages = map("pages", (count + 1) * PAGE, PROT_READ | PROT_WRITE, flags);
  const behind = pages.address + BigInt(count * PAGE);
  assert.equal(libc().munmap(behind, BigInt(PAGE)), 0);
  use(new Uint8Array(pages.buffer, 0, count * PAGE), pages.address);
}

test("cString() ends in NUL and keeps bytes that are not UTF-8", () => {
  assert.deepEqual([...cString("grün")], [0x67, 0x72, 0xc3, 0xbc, 0x6e, 0]);
  assert.deepEqual([...cString("\udcff")], [0xff, 0]);
  assert.deepEqual([...cString("")], [0]);
});

test("cString() refuses a NUL, which C would take for the end", () => {
  const message = "Cannot pass a string with a NUL byte to C";
  assert.throws(() => cString("a\0b"), { name: "TypeError", message });
});

test("memory keeps its address when its buffer is looked at", () => {
  for (const bytes of [alloc(8), copyOf(Uint8Array.of(1, 2)), cString("x")]) {
    const before = runtime.addressOf(bytes);
    new DataView(bytes.buffer).setUint8(0, 7);
    assert.equal(runtime.addressOf(bytes), before);
    assert.equal(new Uint8Array(runtime.view(before, 1))[0], 7);
  }
});

test("copyOf() copies only the part that it is given", () => {
  const whole = Uint8Array.of(1, 2, 3, 4);
  const copy = copyOf(whole.subarray(1, 3));
  assert.deepEqual([copy.byteOffset, copy.buffer.byteLength, ...copy], [0, 2, 2, 3]);
});

test("bufferText() reads up to the first NUL, or all of it", () => {
  assert.equal(bufferText(cString("abc")), "abc");
  assert.equal(bufferText(Uint8Array.of(0x61, 0x62)), "ab");
  assert.equal(bufferText(Uint8Array.of(0, 0x62)), "");
  assert.equal(bufferText(Uint8Array.of(0x78, 0x61, 0, 0x62).subarray(1)), "a");
  assert.equal(bufferText(alloc(0)), "");
});

test("textAt() reads NULL as nothing", () => assert.equal(textAt(0n), ""));

test("textAt() stops at the end of a page whose neighbour is not mapped", () => {
  withPages(1, (bytes, address) => {
    bytes.fill(0x61);
    bytes[PAGE - 1] = 0;
    assert.equal(textAt(address + BigInt(PAGE - 4)), "aaa");
    assert.equal(textAt(address + BigInt(PAGE - 1)), "");
    assert.equal(textAt(address), "a".repeat(PAGE - 1));
  });
});

test("textAt() goes on into the next page, also inside a character", () => {
  withPages(3, (bytes, address) => {
    bytes.fill(0x62);
    bytes.set(cString("ü"), PAGE - 1);
    assert.equal(textAt(address + BigInt(PAGE - 3)), "bbü");
    bytes.fill(0x62);
    bytes[3 * PAGE - 1] = 0;
    assert.equal(textAt(address + 5n), "b".repeat(3 * PAGE - 6));
  });
});

test("outWord() is one word of its own", () => {
  const word = outWord();
  assert.deepEqual([word.length, word.byteOffset, word.buffer.byteLength], [1, 0, 8]);
});
