import assert from "node:assert/strict";
import { test } from "node:test";
import { conversionsOf, formatMessage, parseFormat } from "./format.ts";

const parse = (text: string) => parseFormat(`"${text}"`, `"${text}"`, 0, 80);
const name = (letter: string, address: bigint) => `${letter}<${address.toString(16)}>`;
const show = (text: string, ...values: (string | number | bigint)[]) =>
  formatMessage(parse(text), values, name);

test("formatMessage() prints as printf does", () => {
  assert.equal(show("plain"), "plain");
  assert.equal(show("100%% of %s", "it"), "100% of it");
  assert.equal(
    show("%d %u %lld", -5, 4000000001, -9000000000000000001n),
    "-5 4000000001 -9000000000000000001",
  );
  assert.equal(
    show("%x %lx %#x %#X %o %p", 255, 18000000000000000001n, 255, 171, 8, 16n),
    "ff f9ccd8a1c5080001 0xff 0XAB 10 0x10",
  );
  assert.equal(show("[%5d|%-5d|%05d|%+d|% d]", 42, 42, -42, 42, 42), "[   42|42   |-0042|+42| 42]");
  assert.equal(show("[%8s|%-8s|%.2s|%3c]", "abc", "abc", "abc", 65), "[     abc|abc     |ab|  A]");
  assert.equal(show("[%.4d|%6.4x]", 7, 10), "[0007|  000a]");
  assert.equal(
    show("%f %.2f %e %g %lf", -2.5, 0.125, 1500, 1500, 1e-7),
    "-2.500000 0.13 1.500000e+03 1500 0.000000",
  );
  assert.equal(show("[%8.1f|%-6g|%06.1f]", 2.25, 0.1, -1.5), "[     2.3|0.1   |-001.5]");
  assert.equal(show("%g %g %g %g", 1e300, 1e-5, 100000, 1000000), "1e+300 1e-05 100000 1e+06");
  assert.equal(show("%f %e %g", NaN, -Infinity, 0), "nan -inf 0");
  assert.equal(show("%K and %U", 0x1000n, 0x2000n), "K<1000> and U<2000>");
  assert.equal(show(String.raw`a\tb\"c`), 'a\tb"c');
});

test("parseFormat() tells what each conversion takes", () => {
  const types = (text: string) =>
    conversionsOf(parse(text)).map(({ type, codec }) => [type, codec.size]);
  assert.deepEqual(types("%hhd %hd %d %ld %lld %i"), [
    ["s8", 1],
    ["s16", 2],
    ["s32", 4],
    ["s64", 8],
    ["s64", 8],
    ["s32", 4],
  ]);
  assert.deepEqual(types("%hhx %hu %x %lu %llx %zu"), [
    ["u8", 1],
    ["u16", 2],
    ["u32", 4],
    ["u64", 8],
    ["u64", 8],
    ["u64", 8],
  ]);
  assert.deepEqual(types("%c %s %K %U %p %%"), [
    ["u8", 1],
    [undefined, 80],
    ["u64", 8],
    ["u64", 8],
    ["u64", 8],
  ]);
});

test("parseFormat() shows a conversion that there is not", () => {
  for (
    const [text, at] of [["a %hf", 3], ["%q", 1], ["100%", 4], ["%ls", 1], ["%99999d", 1], [
      "% ",
      1,
    ]] as const
  ) {
    assert.throws(() => parse(text), (error: Error) => {
      assert.match(error.message, /^no such conversion: there are %d /);
      assert.equal(error.message.split("\n").at(-1), " ".repeat(at + 2) + "^", text);
      return true;
    });
  }
});
