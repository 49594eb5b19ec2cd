import assert from "node:assert/strict";
import { test } from "node:test";
import { addressOfCode } from "./mapped_call_frames.ts";

test("addressOfCode() knows code that begins in the middle of a page, as lld lays it out", () => {
  // A program of rustc 1.95: its read-only data ends at 0x15834, in the page where the code begins.
  const code = [{ offset: 0x15840, address: 0x16840, size: 0x41590 }];
  assert.equal(addressOfCode(code, 0x15000), 0x16000);
  assert.equal(addressOfCode(code, 0x16000), 0x17000);
  assert.equal(addressOfCode(code, 0x14000), undefined);
  assert.equal(addressOfCode(code, 0x57000), undefined);
});

test("addressOfCode() takes the later of two segments that share a page", () => {
  const code = [
    { offset: 0, address: 0, size: 0x1800 },
    { offset: 0x1800, address: 0x2800, size: 0x1000 },
  ];
  assert.equal(addressOfCode(code, 0x1000), 0x2000);
  assert.equal(addressOfCode(code, 0), 0);
});
