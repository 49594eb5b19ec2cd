import assert from "node:assert/strict";
import { test } from "node:test";
import { parseSignature } from "./signature.ts";

const parse = (text: string) => parseSignature(`f(${text})`, 2, 2 + text.length);

test("parseSignature() tells types and names", () => {
  assert.deepEqual(parse("int fd, const char __user *name,struct sock **sk")?.parameters, [
    { type: "int", name: "fd" },
    { type: "const char __user *", name: "name" },
    { type: "struct sock * *", name: "sk" },
  ]);
  assert.equal(parse(""), undefined);
  assert.equal(parse(" void "), undefined);
});

test("parseSignature() shows what is wrong", () => {
  const cases: [text: string, at: number, reason: RegExp][] = [
    ["int", 5, /expected a type and a name/],
    ["int a, ", 2, /expected a type and a name/],
    ["int a, char *", 15, /expected a type and a name/],
    ["int $task", 6, /a parameter's name has no \$/],
    ["int (*f)", 6, /a signature has types and names only/],
    ["int a[4]", 7, /a signature has types and names only/],
    ["int a) { evil(", 7, /a signature has types and names only|no expression/],
  ];
  for (const [text, at, reason] of cases) {
    assert.throws(() => parse(text), (error: Error) => {
      assert.match(error.message, reason);
      if (!text.includes("{")) {
        assert.equal(error.message.split("\n").at(-1), " ".repeat(at + 2) + "^", text);
      }
      return true;
    });
  }
});
