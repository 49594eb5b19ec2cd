import assert from "node:assert/strict";
import { test } from "node:test";
import { structOf } from "./tracepoint_struct.ts";

test("structOf() puts each field where the kernel has it", () => {
  const field = (type: string, name: string, offset: number, size: number, signed = false) => ({
    type,
    name,
    offset,
    size,
    signed,
  });
  assert.equal(
    structOf("tracepoint__a__b", [
      field("__data_loc char[]", "filename", 8, 4, true),
      field("pid_t", "pid", 12, 4, true),
      field("enum kind", "kind", 16, 1),
      field("const char *", "text", 24, 8),
      field("char", "comm[16]", 32, 16),
      field("int", "nr", 48, 8, true),
      field("struct list_head", "list", 56, 16),
    ]),
    "struct tracepoint__a__b { char __pad_0[8]; u32 data_loc_filename; s32 pid; u8 kind; " +
      "char __pad_17[7]; const char * text; char comm[16]; s64 nr; char list[16]; };",
  );
});
