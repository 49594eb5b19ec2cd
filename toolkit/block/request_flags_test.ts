import assert from "node:assert/strict";
import { test } from "node:test";
import { requestFlags } from "./request_flags.ts";

test("requestFlags() puts bcc's words for the flags before the operation", () => {
  assert.equal(requestFlags(0), "Read");
  assert.equal(requestFlags(1), "Write");
  assert.equal(requestFlags(1 << 19), "ReadAhead-Read");
  assert.equal(requestFlags(1 << 11 | 1 << 15 | 1), "Idle-Sync-Write");
  assert.equal(
    requestFlags(1 << 11 | 1 << 12 | 1 << 17 | 1),
    "ForcedUnitAccess-Metadata-Sync-Write",
  );
  assert.equal(requestFlags(0x22), "Unknown");
});

test("requestFlags() leaves out bits without a word", () => {
  assert.equal(requestFlags(1 << 18 | 1 << 31 | 3), "Discard");
});
