import assert from "node:assert/strict";
import { test } from "node:test";
import { tellEnd } from "./llvm_exit.ts";

/** A reason or an output of LLVM, and the text of the message. */
const CASES: readonly (readonly [reason: string, output: string, told: string])[] = [
  [
    "Cannot select: 0x3bec3300: i64 = sdiv 0x3bec2fc0, 0x3bec2ce8, /virtual/main.c:13:76\n" +
    "  0x3bec2fc0: i64,ch,glue = CopyFromReg 0x3bec2ef0\nIn function: f",
    "Error at line 13: Unsupport signed division",
    'in function "f": BPF has no instruction for sdiv: divide unsigned numbers',
  ],
  [
    "Cannot select: 0x1: f64 = uint_to_fp 0x2\nIn function: g",
    "",
    'in function "g": BPF has no instruction for uint_to_fp',
  ],
  [
    "",
    "a warning\nerror: /virtual/main.c:13:76: in function f i32 (ptr): unsupported signed " +
    "division, please convert to unsigned div/mod.\n",
    'in function "f": unsupported signed division, please convert to unsigned div/mod',
  ],
  ["out of memory\n", "", "out of memory"],
  ["", "odd\n", "odd"],
  ["", "", "it did not say why"],
];

for (const [reason, output, told] of CASES) {
  test(`tellEnd() says: ${told}`, () => {
    assert.equal(
      tellEnd('"it"', reason, output),
      `Cannot compile "it": LLVM ended the process: ${told}`,
    );
  });
}
