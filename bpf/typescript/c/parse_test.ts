import assert from "node:assert/strict";
import { test } from "node:test";
import { tokensOf } from "../../../toolkit/probe_language/c_tokens.ts";
import { parseInC } from "./parse.ts";
import { NotKnown, type Tree } from "./tree.ts";
import { describeInC, typeOfWords, type VariableInC } from "./types.ts";

const variable = (...words: string[]): VariableInC => ({
  type: typeOfWords(words)!,
  read: () => 0n,
});
const variables = new Map([
  ["arg1", variable("u64")],
  ["small", variable("char")],
  ["half", variable("u16")],
  ["n", variable("int")],
  ["u", variable("unsigned")],
  ["text", variable("const", "char", "__user", "*")],
  ["words", variable("long", "*")],
  ["args", { type: { kind: "pointer", to: () => typeOfWords(["int"])! } } as VariableInC],
]);
const parse = (text: string): Tree =>
  parseInC(tokensOf(text), {
    variables,
    compare: () => ({ bytes: new Uint8Array(1), isPrefix: false }),
  });

test("parseInC() gives expressions the types that C gives them", () => {
  const cases: [text: string, type: string][] = [
    ["small", "s8"],
    ["+small", "s32"],
    ["small + half", "s32"],
    ["n + u", "u32"],
    ["u + 1l", "s64"],
    ["arg1 - 1", "u64"],
    ["u << 1l", "u32"],
    ["half << 1", "s32"],
    ["n == arg1", "s32"],
    ["!text", "s32"],
    ["n ? small : u", "u32"],
    ["n ? text : 0", "s8 *"],
    ["4294967295", "s64"],
    ["0xffffffff", "u32"],
    ["0x8000000000000000", "u64"],
    ["1ull", "u64"],
    ["'a'", "s32"],
    ["*text", "s8"],
    ["words[1]", "s64"],
    ["&words[1]", "s64 *"],
    ["words + 1 - words", "s64"],
    ["(unsigned short)arg1", "u16"],
    ["(_Bool)arg1", "_Bool"],
    ["(const u8 *)arg1", "u8 *"],
    ["(void *)arg1 + 1", "void *"],
    ["sizeof(long)", "u64"],
    ["text@user", "s8 *"],
    ["ntohs(arg1)", "u16"],
    ['STRCMP("a", text)', "s32"],
    ["bpf_ktime_get_ns()", "u64"],
    ["(n)", "s32"],
  ];
  for (const [text, type] of cases) {
    assert.deepEqual([text, describeInC(parse(text).type)], [text, type]);
  }
});

test("parseInC() refuses what has no meaning here, at its place", () => {
  const cases: [text: string, at: number, reason: RegExp][] = [
    ["n +", 3, /expected expression/],
    ["n u", 2, /expected the end before "u"/],
    ["* arg1", 0, /indirection requires pointer operand \('u64' invalid\)/],
    ["text->x", 6, /member reference base type 's8' is not a structure or union/],
    ["1 << 32", 5, /a shift by 32 of 32 bits/],
    ["n << -1", 5, /a shift by -1 of 32 bits/],
    ["text * 2", 5, /invalid operands to binary expression/],
    ["~text", 0, /invalid operand type/],
    ["&n", 0, /cannot take the address/],
    ["args + 1", 0, /has members, and no value of its own/],
    ["f(1)", 0, /use of undeclared function 'f'/],
    ["n[0]", 0, /subscripted value is not an array or pointer/],
    ["09", 0, /invalid number/],
    ["18446744073709551616", 0, /no number that C has a type for/],
    ["(unsigned unsigned)n", 1, /unknown type name/],
    ["(void)n", 0, /used type 'void'/],
    ["n ?: u", 3, /expected expression/],
    [`${"(".repeat(300)}n${")".repeat(300)}`, 100, /nested too deeply/],
  ];
  for (const [text, at, reason] of cases) {
    assert.throws(() => parse(text), (error: Error) => {
      assert.ok(error instanceof NotKnown, String(error));
      assert.match(error.message, reason, text);
      assert.equal(error.at, at, text);
      return true;
    });
  }
});

test("typeOfWords() knows C's spellings of integers", () => {
  const cases: [words: string, type: string | undefined][] = [
    ["unsigned", "u32"],
    ["long unsigned int", "u64"],
    ["long long", "s64"],
    ["short int", "s16"],
    ["signed char", "s8"],
    ["char unsigned", "u8"],
    ["long short", undefined],
    ["long char", undefined],
    ["int int", undefined],
    ["u32 u32", undefined],
    ["size_t", "u64"],
    ["char * * const", "s8 **"],
    ["* int", undefined],
    ["", undefined],
  ];
  for (const [words, expected] of cases) {
    const type = typeOfWords(words.split(" ").filter((word) => word !== ""));
    assert.deepEqual([words, type && describeInC(type)], [words, expected]);
  }
});
