import assert from "node:assert/strict";
import { test } from "node:test";
import { flagNames, flagText } from "./flag_names.ts";

const TABLE = [["ONE", 1], ["BOTH", 6], ["TOP", 0x80000000]] as const;

test("flagNames() names what is whole and leaves the rest", () => {
  assert.deepEqual(flagNames(3n, TABLE), { names: ["ONE"], rest: 2n });
  assert.deepEqual(flagNames(7n, TABLE), { names: ["ONE", "BOTH"], rest: 0n });
});

test("flagText() writes names, then what has none in hexadecimal", () => {
  const cases: [bigint, string][] = [
    [0n, "0x0"],
    [1n, "ONE"],
    [0x80000001n, "ONE|TOP"],
    [0x10_0000_0006n, "BOTH|0x1000000000"],
    [8n, "0x8"],
  ];
  for (const [value, text] of cases) assert.equal(flagText(value, TABLE), text);
});
