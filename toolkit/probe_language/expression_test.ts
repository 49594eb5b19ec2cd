import assert from "node:assert/strict";
import { test } from "node:test";
import {
  Comparisons,
  entriesOf,
  expressionCode,
  expressionText,
  namesOf,
  parseExpression,
} from "./expression.ts";

const parse = (text: string) => parseExpression(text, 0, text.length);
const code = (text: string, comparisons = new Comparisons(false)) =>
  expressionCode(parse(text), comparisons);

test("expressionCode() keeps every word in its column", () => {
  const cases: [text: string, code: string][] = [
    ["arg1 +\n\t$task->pid", "arg1 +  $task->pid"],
    ["arg2@user != 0", "arg2      != 0"],
    ["$latency / $entry( size )", "$latency / $entry_size"],
    ['!STRCMP("ab", arg1) && x', '!is_000(""  , arg1) && x'],
    ["((struct sock *)arg1)->sk", "((struct sock *)Arg1)->sk"],
    ["(u8)arg1 * arg2", "(u8)arg1 * arg2"],
  ];
  for (const [text, expected] of cases) assert.equal(code(text), expected);
  const inside = parseExpression("p::f (a > 1) x", 5, 12);
  assert.deepEqual([inside.start, expressionText(inside)], [5, "(a > 1)"]);
  assert.equal(expressionCode(inside, new Comparisons(false)), "(a > 1)");
});

test("expressionCode() takes variables for members that are texts", () => {
  const told = expressionCode(parse("args->name != args->pid"), new Comparisons(false), {
    args__name: "",
  });
  assert.equal(told, "args__name != args->pid");
});

test("namesOf() and entriesOf() tell what an expression needs", () => {
  const expression = parse("$entry(fd) > arg1 && $entry(size) < f(x->y)");
  assert.deepEqual(entriesOf(expression).map(({ text }) => text), ["fd", "size"]);
  assert.ok(namesOf(expression).has("arg1") && namesOf(expression).has("y"));
});

test("Comparisons makes one function for each text, which holds no text of the user's", () => {
  const comparisons = new Comparisons(false);
  assert.equal(code('STRCMP("a\\"", x) || STRCMP("b", y)', comparisons).slice(0, 6), "is_000");
  assert.match(
    comparisons.code,
    /bool is_000\(.*\n.*\n.*found\[4\] = .*\n.*== 3 && found\[0\] == 97/,
  );
  assert.match(comparisons.code, /found\[1\] == 34;/);
  assert.match(comparisons.code, /bool is_001/);
  const binary = new Comparisons(true);
  code('STRCMP("{0x6C, 0, 17}", x)', binary);
  assert.match(
    binary.code,
    /found\[3\] = [^]*found\[0\] == 108 && found\[1\] == 0 && found\[2\] == 17/,
  );
});

test("expressions say what is wrong, and where", () => {
  const cases: [text: string, at: number, reason: RegExp][] = [
    ["", 0, /expected an expression here/],
    ["(arg1", 0, /this "\(" is never closed/],
    ["STRCMP(arg1, x)", 0, /expected STRCMP\("text", address\)/],
    ['STRCMP("", x)', 7, /1 to 128 bytes/],
    ['x == "abc"', 5, /a text stands in STRCMP\("text", address\) only/],
    ["x@user", 1, /"@user" stands behind arguments only/],
    ["arg1@kernel", 4, /"@user" stands/],
  ];
  for (const [text, at, reason] of cases) {
    assert.throws(() => code(text), (error: Error) => {
      assert.match(error.message, reason);
      assert.equal(error.message.split("\n").at(-1), " ".repeat(at + 2) + "^", text);
      return true;
    });
  }
  assert.throws(() => entriesOf(parse("$entry + 1")), /expected \$entry\(NAME\)/);
  assert.throws(() => code('STRCMP("12", x)', new Comparisons(true)), /expected bytes to compare/);
});
