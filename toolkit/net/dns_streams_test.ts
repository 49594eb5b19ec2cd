import assert from "node:assert/strict";
import { test } from "node:test";
import { DnsStreams } from "./dns_streams.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);

test("DnsStreams puts messages together from pieces of any size", () => {
  const stream = bytes(0, 3, 1, 2, 3, 0, 0, 0, 1, 9, 0, 2, 7, 8);
  const expected = [bytes(1, 2, 3), bytes(), bytes(9), bytes(7, 8)];
  for (let size = 1; size <= stream.length; size++) {
    const streams = new DnsStreams();
    const found: Uint8Array[] = [];
    for (let at = 0; at < stream.length; at += size) {
      // Pieces of another connection in between change nothing.
      assert.deepEqual(streams.add("other", bytes(255)).length, 0);
      found.push(...streams.add("one", stream.slice(at, at + size)));
      if (at === 0) streams.add("other", bytes(255));
    }
    assert.deepEqual(found, expected, String(size));
  }
});

test("DnsStreams keeps pieces of so many connections only", () => {
  const streams = new DnsStreams();
  for (let i = 0; i <= 256; i++) streams.add(`${i}`, bytes(0, 1));
  assert.deepEqual(streams.add("0", bytes(5)), [], "the oldest is forgotten");
  assert.deepEqual(streams.add("256", bytes(5)), [bytes(5)]);
});
