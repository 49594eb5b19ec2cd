import assert from "node:assert/strict";
import { test } from "node:test";
import { align } from "./align.ts";
import { functionsIn } from "./functions.ts";
import { tokens } from "./tokens.ts";

const keys = (text: string) => tokens(text).map(({ key }) => key);

test("tokens are those of TypeScript, however they are written", () => {
  assert.deepEqual(keys("a/*x*/ + 0x10 // y\n=> 1_0n"), ["a", "+", "16", "=>", "10n"]);
  assert.deepEqual(keys("'it\\'s' \"it's\""), ["\"it's", "\"it's"]);
  assert.deepEqual(keys("`a${ {b: `c${d}`} }e${f}g`"), [
    "`a${",
    "{",
    "b",
    ":",
    "`c${",
    "d",
    "}`",
    "}",
    "}e${",
    "f",
    "}g`",
  ]);
  assert.deepEqual(keys("a / b / c; x = /[/{]\\//g; return /y/"), [
    ...["a", "/", "b", "/", "c", ";", "x", "=", "/[/{]\\//g", ";", "return", "/y/"],
  ]);
  // Unterminated tokens end with the text or the line.
  for (const text of ["'a\nb", "`a${b", "/* a", '"', "\\", "`a\\", "0x", "}", "(]"]) {
    assert.equal(tokens(text).at(-1)?.end, text.length, text);
    functionsIn(tokens(text));
  }
});

test("functions are found in all their forms", () => {
  const found = (text: string) => {
    const all = tokens(text);
    return functionsIn(all).map(({ from, to }) => text.slice(all[from]!.start, all[to - 1]!.end));
  };
  const block = "{ if (a) { b(`${c}${d}`); } }";
  for (
    const each of [
      "x => x + `a${[1, 2]}b${y}c`",
      "(x: { a: number }): x is string => f(x, [y, z])",
      `async (x, { y }) => ${block}`,
      `function name(x: number): void ${block}`,
      `function* (x) ${block}`,
      `name(x): bigint ${block}`,
    ]
  ) {
    assert.ok(
      found(`call("name", ${each}, more); const other = { ${each} };`).includes(each),
      each,
    );
  }
  assert.deepEqual(found(`if (a) ${block} for (;;) ${block}`), []);
});

test("the longest common subsequence is found", () => {
  const pairs = (from: string, to: string) => align([...from], [...to])?.join(" ");
  assert.equal(pairs("abcd", "abcd"), "0 1 2 3");
  assert.equal(pairs("abcd", "xaybzcd"), "1 3 5 6");
  assert.equal(pairs("axc", "abc"), "0 -1 2");
  assert.equal(pairs("abc", ""), "-1 -1 -1");
  assert.equal(pairs("", "abc"), "");
  let seed = 1;
  const random = (below: number) => (seed = (seed * 48271) % 2147483647) % below;
  for (let round = 0; round < 200; round++) {
    const [from, to] = [0, 0].map(() =>
      Array.from({ length: random(12) }, () => "abc"[random(3)]!)
    ) as [
      string[],
      string[],
    ];
    const common = align(from, to)!.reduce((sum, each) => each < 0 ? sum : sum + 1, 0);
    assert.equal(common, longest(from, to), `${from.join("")} ${to.join("")}`);
  }
});

function longest([head, ...rest]: string[], to: string[]): number {
  if (head === undefined || to.length === 0) return 0;
  const at = to.indexOf(head);
  const without = longest(rest, to);
  return at < 0 ? without : Math.max(without, 1 + longest(rest, to.slice(at + 1)));
}

test("functionsIn() finds each function of a long chain, without looking at the rest for each", () => {
  const count = 50_000;
  const found = functionsIn(tokens("a=>".repeat(count) + "b, c"));
  assert.equal(found.length, count);
  assert.deepEqual(found.map(({ to }) => to), Array(count).fill(2 * count + 1));
  assert.deepEqual(found.slice(0, 3).map(({ from }) => from), [0, 2, 4]);
});
