import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, ipv4, ipv6 } from "../../ffi/codec/mod.ts";
import { lpmKey } from "./lpm_key.ts";

test("lpmKey() writes the number of bits in front of the prefix", () => {
  const key = lpmKey(ipv4);
  const memory = new Uint8Array(8);
  key.write(new DataView(memory.buffer), 0, { prefix: "10.1.0.0", bits: 16 });
  assert.deepEqual([...memory], [16, 0, 0, 0, 10, 1, 0, 0]);
  assert.deepEqual(key.read(new DataView(memory.buffer), 0), { prefix: "10.1.0.0", bits: 16 });
  assert.deepEqual([lpmKey(ipv6).size, lpmKey(bytes(5)).size], [20, 9]);
});

test("lpmKey() refuses more bits than there are", () => {
  const view = new DataView(new ArrayBuffer(8));
  for (const bits of [33, -1, 1.5, NaN]) {
    assert.throws(
      () => lpmKey(ipv4).write(view, 0, { prefix: "10.0.0.0", bits }),
      /Cannot write a prefix of \S+ bits: expected a number from 0 to 32/,
    );
  }
});
