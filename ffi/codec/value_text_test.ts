import assert from "node:assert/strict";
import { test } from "node:test";
import { array, bits, chars, i16, i32, struct, u16, u32, u64, u8, union } from "./mod.ts";
import { formatValue, parseValue } from "./value_text.ts";

const Point = struct("point", { x: u8, y: i16 });
const Whole = struct("whole", {
  pid: u32,
  change: i32,
  comm: chars(16),
  many: array(Point, 2),
  grid: array(array(u16, 2), 2),
  big: u64,
  low: bits(u32, 4),
  high: bits(u32, 28),
});
const WHOLE = {
  pid: 42,
  change: -2,
  comm: "sshd",
  many: [{ x: 1, y: -1 }, { x: 2, y: 3 }],
  grid: [[1, 2], [3, 4]],
  big: 0xffff_ffff_ffff_ffffn,
  low: 5,
  high: 0xabcdef1,
};
const TEXT =
  '{ 0x2a 0xfffffffe "sshd" [ { 0x1 0xffff } { 0x2 0x3 } ] [ [ 0x1 0x2 ] [ 0x3 0x4 ] ] ' +
  "0xffffffffffffffff 0x5 0xabcdef1 }";

test("formatValue() writes what parseValue() reads", () => {
  assert.equal(formatValue(Whole, WHOLE), TEXT);
  assert.deepEqual(parseValue(Whole, TEXT), WHOLE);
});

test("parseValue() reads decimal and negative numbers and any space", () => {
  assert.deepEqual(parseValue(Point, " {7\n-1}"), { x: 7, y: -1 });
  assert.equal(parseValue(u64, "0xFFFFFFFFFFFFFFFF"), 0xffff_ffff_ffff_ffffn);
});

test("formatValue() writes the largest member of a union", () => {
  const Either = union("either", { narrow: u16, wide: u32 });
  assert.equal(formatValue(Either, { narrow: 0x5678, wide: 0x12345678 }), "{ 0x12345678 }");
  assert.equal(parseValue(Either, "{ 0x12345678 }").narrow, 0x5678);
});

test("any bytes of a text come back, in one line", () => {
  const texts: readonly (readonly [string, string])[] = [
    ["", '""'],
    ['a "b" \\', '"a \\"b\\" \\\\"'],
    ["line\n\x1b\x7f", '"line\\x0a\\x1b\\x7f"'],
    ["Grüße", '"Grüße"'],
    ["\udcff\udc80", '"\\xff\\x80"'],
  ];
  for (const [value, text] of texts) {
    assert.equal(formatValue(chars(16), value), text);
    assert.equal(parseValue(chars(16), text), value);
  }
  const bytes = [0, 1, 0, 255, 0];
  assert.equal(formatValue(array(u8, 5), bytes), '"\\x00\\x01\\x00\\xff"');
  assert.deepEqual([...parseValue(array(u8, 5), '"\\x00\\x01\\x00\\xff"')], bytes);
});

test("parseValue() says what it expected and where", () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ["{ 1 }", /^SyntaxError: Cannot read '{ 1 }' as a value: expected a number at column 4$/],
    ["{ 1 2 } 3", /expected the end at column 8$/],
    ["1 2", /expected { at column 1$/],
    ["{ 256 2 }", /^RangeError: Cannot read 256 as a value: it has more than 8 bits$/],
    ["{ 1 -32769 }", /^RangeError: Cannot read -32769 as a value: it has more than 16 bits$/],
  ];
  for (const [text, message] of cases) {
    assert.throws(() => parseValue(Point, text), (error) => message.test(String(error)), text);
  }
  assert.throws(
    () => parseValue(chars(4), '"12345"'),
    /Cannot read "12345" as a value: it has more than 4 bytes/,
  );
});
