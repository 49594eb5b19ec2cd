import assert from "node:assert/strict";
import { test } from "node:test";
import { checkBrackets, literalBytes, splitTokens, tokensOf } from "./c_tokens.ts";
import { ProbeError } from "./probe_error.ts";

const texts = (text: string) => tokensOf(text).map((token) => token.text);

test("tokensOf() splits expressions into words, with their places", () => {
  assert.deepEqual(
    texts(`(arg2 > 0x1fUL && STRCMP("a \\"b", arg1@user) || $task->pid != 'x' >> 2)`),
    '( arg2 > 0x1fUL && STRCMP ( "a \\"b" , arg1 @ user ) || $task -> pid != \'x\' >> 2 )'
      .replace("a \\", "a\u00a0\\").split(" ").map((word) => word.replace("\u00a0", " ")),
  );
  assert.deepEqual(tokensOf("  a\n+ 1", 1), [
    { kind: "name", text: "a", at: 2 },
    { kind: "symbol", text: "+", at: 4 },
    { kind: "number", text: "1", at: 6 },
  ]);
  assert.deepEqual(texts("a==b<=c>=!d<<e"), ["a", "==", "b", "<=", "c", ">=", "!", "d", "<<", "e"]);
  assert.deepEqual(tokensOf("ab cd", 0, 2).map(({ text }) => text), ["ab"]);
});

test("tokensOf() lets nothing through that is more than an expression", () => {
  const cases: [text: string, at: number, reason: RegExp][] = [
    ["1); evil(", 2, /expected one expression, not statements/],
    ["a /* b */", 2, /no comments/],
    ["a // b", 2, /no comments/],
    ["a = 1", 2, /to compare use "=="/],
    ["a += 1", 2, /cannot assign/],
    ["a <<= 1", 2, /cannot assign/],
    ["a++", 1, /cannot assign/],
    ['x == "abc', 5, /this text has no end/],
    ['"a\nb"', 0, /this text has no end/],
    ["'ab'", 0, /this character/],
    ["1.5", 0, /expected a whole number/],
    ["12abc", 0, /expected a whole number/],
    ["({ a })", 1, /no expression has "\{"/],
    ["a\n#define x", 2, /no expression has "#"/],
    ["a \\\n b", 2, /no expression has "\\\\"/],
    ["\u{1f41d}", 0, /no expression has "\u{1f41d}"/u],
    ["`ls`", 0, /no expression has "`"/],
  ];
  for (const [text, at, reason] of cases) {
    assert.throws(() => tokensOf(text), (error: Error) => {
      assert.ok(error instanceof ProbeError, text);
      assert.match(error.message, reason);
      assert.equal(error.message.split("\n").at(-1), " ".repeat(at + 2) + "^", text);
      return true;
    });
  }
});

test("checkBrackets() finds the bracket without a partner", () => {
  const check = (text: string) => checkBrackets(text, tokensOf(text));
  check("(a[b(c)] + (d))");
  assert.throws(() => check("(a"), /^ProbeError: this "\(" is never closed\n {2}\(a\n {2}\^$/);
  assert.throws(() => check("a)"), /this "\)" closes nothing\n {2}a\)\n {3}\^/);
  assert.throws(() => check("(a]"), /this "\]" closes nothing/);
});

test("splitTokens() splits outside of brackets, and not at the colon of a question", () => {
  const split = (text: string, by: string) =>
    splitTokens(tokensOf(text), by).map((part) => part.map((token) => token.text).join(""));
  assert.deepEqual(split("f(a, b), c[d, e], g", ","), ["f(a,b)", "c[d,e]", "g"]);
  assert.deepEqual(split(":u32:a ? b : c:d", ":"), ["", "u32", "a?b:c", "d"]);
  assert.deepEqual(split("(a ? b : c):d", ":"), ["(a?b:c)", "d"]);
});

test("literalBytes() reads C's escapes", () => {
  const text = (literal: string) => new TextDecoder().decode(literalBytes(literal));
  assert.equal(text('"plain"'), "plain");
  assert.equal(text(String.raw`"a\n\t\"\\\x41\101\e"`), 'a\n\t"\\AA\x1b');
  assert.equal(text('"ä"'), "ä");
});
