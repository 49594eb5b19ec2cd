import assert from "node:assert/strict";
import { test } from "node:test";
import { parseArguments, parseOperand } from "./usdt_argument.ts";

test("parseArguments() reads sizes, signs and operands", () => {
  const text = "-4@%edi 8@-16(%rbp) 1@$3 -2@%ax 8f@%xmm1 4@table(,%rax,4) 8@[sp, 16] %rax";
  assert.deepEqual(
    parseArguments(text).map(({ type, size, signed, operand }) => [type, size, signed, operand]),
    [
      ["s32", 4, true, "%edi"],
      ["u64", 8, false, "-16(%rbp)"],
      ["u8", 1, false, "$3"],
      ["s16", 2, true, "%ax"],
      ["double", 8, true, "%xmm1"],
      ["u32", 4, false, "table(,%rax,4)"],
      ["u64", 8, false, "[sp, 16]"],
      ["u64", 8, false, "%rax"],
    ],
  );
  assert.deepEqual(parseArguments(""), []);
});

const register = (field: string, shift = 0) => ({ field, shift });

test("parseOperand() reads the operands of x86-64", () => {
  const memory = (offset: bigint, symbol?: string, ...parts: [string, number][]) => ({
    kind: "memory",
    registers: parts.map(([field, factor]) => ({ register: register(field), factor })),
    symbol,
    offset,
  });
  const cases: [string, unknown][] = [
    ["$-9", { kind: "constant", value: -9n }],
    ["$0x10", { kind: "constant", value: 16n }],
    ["$18446744073709551615", { kind: "constant", value: 0xffff_ffff_ffff_ffffn }],
    ["%rax", { kind: "register", register: register("ax") }],
    ["%ah", { kind: "register", register: register("ax", 8) }],
    ["%sil", { kind: "register", register: register("si") }],
    ["%r10b", { kind: "register", register: register("r10") }],
    ["(%rdi)", memory(0n, undefined, ["di", 1])],
    ["-0x8(%rbp)", memory(-8n, undefined, ["bp", 1])],
    ["16(%rax,%rbx,8)", memory(16n, undefined, ["ax", 1], ["bx", 8])],
    ["(%rax,%rbx)", memory(0n, undefined, ["ax", 1], ["bx", 1])],
    ["counter(%rip)", memory(0n, "counter")],
    ["16+counter(%rip)", memory(16n, "counter")],
    ["counter.0-4(%rip)", memory(-4n, "counter.0")],
    ["table(,%rax,4)", memory(0n, "table", ["ax", 4])],
    ["counter", memory(0n, "counter")],
    ["%xmm0", undefined],
    ["%fs:-8", undefined],
    ["%fs:(%rax)", undefined],
    ["8(%rip)", undefined],
    ["8(%xmm0)", undefined],
    ["$counter", undefined],
    ["a+b(%rip)", undefined],
  ];
  for (const [text, expected] of cases) {
    assert.deepEqual(parseOperand(text, "x64"), expected, text);
  }
});

test("parseOperand() reads the operands of arm64", () => {
  const memory = (offset: bigint, ...fields: string[]) => ({
    kind: "memory",
    registers: fields.map((field) => ({ register: register(field), factor: 1 })),
    symbol: undefined,
    offset,
  });
  const cases: [string, unknown][] = [
    ["-5", { kind: "constant", value: -5n }],
    ["x30", { kind: "register", register: register("regs[30]") }],
    ["w0", { kind: "register", register: register("regs[0]") }],
    ["[sp, 16]", memory(16n, "sp")],
    ["[x19]", memory(0n, "regs[19]")],
    ["[x1, x2]", memory(0n, "regs[1]", "regs[2]")],
    ["[x1, w2, sxtw 2]", undefined],
    ["d0", undefined],
  ];
  for (const [text, expected] of cases) {
    assert.deepEqual(parseOperand(text, "arm64"), expected, text);
  }
});
