import assert from "node:assert/strict";
import { test } from "node:test";
import { checkIdentifier } from "./c_identifier.ts";

test("checkIdentifier() takes C identifiers", () => {
  for (const name of ["a", "_", "_x1", "pid_t", "constructor", "type", "Int"]) {
    checkIdentifier(name, "field");
  }
});

test("checkIdentifier() refuses everything else", () => {
  for (const name of ["", "1a", "a-b", "a b", "a\n", "é", "int", "struct", "__proto__"]) {
    assert.throws(() => checkIdentifier(name, "enumerator"), {
      name: "RangeError",
      message: `Cannot name enumerator ${JSON.stringify(name)}: expected a C identifier`,
    });
  }
});
