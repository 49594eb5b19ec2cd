import assert from "node:assert/strict";
import { test } from "node:test";
import { Builder } from "../lower/builder.ts";
import { compute, holds } from "./fold.ts";
import { emit } from "./emit.ts";

/** Instructions in hexadecimal, eight bytes each. */
function hex(bytes: Uint8Array): string[] {
  const digits = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return digits.match(/.{16}/g)!;
}

test("emit() makes the instructions of a small program", () => {
  const builder = new Builder();
  const context = builder.context();
  builder.keep();
  const value = builder.load(context, 8, 8);
  const [yes, no] = [builder.block(), builder.block()];
  builder.branch("gt", value, 5n, yes, no);
  builder.enter(yes);
  builder.exit(builder.alu("add", value, 1n));
  builder.enter(no);
  builder.exit(0n);
  assert.deepEqual(hex(emit(builder.finish()).instructions), [
    "7911080000000000", // r1 = *(u64 *)(r1 + 8)
    "b501030005000000", // if r1 <= 5 goto +3
    "0701000001000000", // r1 += 1
    "bf10000000000000", // r0 = r1
    "9500000000000000", // exit
    "b700000000000000", // r0 = 0
    "9500000000000000", // exit
  ]);
});

test("emit() leaves out blocks that nothing reaches and values that nobody reads", () => {
  const builder = new Builder();
  const context = builder.context();
  builder.keep();
  builder.load(context, 0, 8);
  builder.exit(7n);
  const lost = builder.block();
  builder.enter(lost);
  builder.exit(8n);
  const last = hex(emit(builder.finish()).instructions).slice(-2);
  assert.deepEqual(last, ["b700000007000000", "9500000000000000"]);
});

test("emit() divides once for a quotient and its remainder", () => {
  const code = (again: boolean) => {
    const builder = new Builder();
    const context = builder.context();
    builder.keep();
    const value = builder.load(context, 0, 8) as number;
    const quotient = builder.alu("div", value, 10n);
    if (again) builder.move(value, 7n);
    builder.exit(builder.alu("add", quotient, builder.alu("mod", value, 10n)));
    return hex(emit(builder.finish()).instructions);
  };
  const divisions = (instructions: string[]) =>
    instructions.filter((each) => /^[39][7f]/.test(each)).length;
  assert.equal(divisions(code(false)), 1);
  assert.equal(divisions(code(true)), 2, "of another value by then");
});

test("emit() makes a variable's new value in the place of its old one", () => {
  const builder = new Builder();
  const context = builder.context();
  builder.keep();
  const x = builder.load(context, 0, 8);
  builder.keep();
  builder.move(x, builder.alu("add", builder.alu("mul", x, 31n), 7n));
  const quotient = builder.alu("div", x, 10n);
  builder.move(x, builder.alu("sub", x, builder.alu("mul", quotient, 10n)));
  builder.exit(builder.alu("xor", x, quotient));
  assert.deepEqual(hex(emit(builder.finish()).instructions), [
    "7911000000000000", // r1 = *(u64 *)(r1 + 0)
    "270100001f000000", // r1 *= 31
    "0701000007000000", // r1 += 7
    "bf12000000000000", // r2 = r1
    "370200000a000000", // r2 /= 10
    "bf23000000000000", // r3 = r2
    "270300000a000000", // r3 *= 10
    "1f31000000000000", // r1 -= r3
    "af21000000000000", // r1 ^= r2
    "bf10000000000000", // r0 = r1
    "9500000000000000", // exit
  ]);
});

test("emit() keeps a variable's old value where a loop or another path reads it", () => {
  const builder = new Builder();
  const context = builder.context();
  builder.keep();
  const x = builder.load(context, 0, 8);
  builder.keep();
  const [yes, no, end] = [builder.block(), builder.block(), builder.block()];
  builder.branch("gt", x, 5n, yes, no);
  builder.enter(yes);
  builder.move(x, 1n);
  builder.jump(end);
  builder.enter(no);
  builder.enter(end);
  builder.exit(x);
  assert.deepEqual(hex(emit(builder.finish()).instructions), [
    "7911000000000000", // r1 = *(u64 *)(r1 + 0)
    "b501010005000000", // if r1 <= 5 goto +1
    "b701000001000000", // r1 = 1
    "bf10000000000000", // r0 = r1
    "9500000000000000", // exit
  ]);
});

test("emit() refuses more stack than a program has", () => {
  const builder = new Builder();
  builder.store(builder.slot(300), 0, 8, 0n);
  builder.store(builder.slot(300), 0, 8, 0n);
  builder.exit(0n);
  assert.throws(() => emit(builder.finish()), /it needs 608 bytes of stack, and a program has 512/);
});

test("compute() and holds() wrap and compare as the kernel does", () => {
  const MAX = (1n << 64n) - 1n;
  assert.equal(compute("add", MAX, 1n), 0n);
  assert.equal(compute("sub", 0n, 1n), MAX);
  assert.equal(compute("div", 7n, 0n), 0n);
  assert.equal(compute("mod", 7n, 0n), 7n);
  assert.equal(compute("arsh", MAX, 4n), MAX);
  assert.equal(compute("rsh", MAX, 60n), 15n);
  assert.equal(holds("lt", MAX, 1n), false);
  assert.equal(holds("slt", MAX, 1n), true);
});

test("emit() leaves out branches and loops that change nothing", () => {
  const builder = new Builder();
  const context = builder.context();
  builder.keep();
  const [n, unread] = [builder.copy(0n), builder.register()];
  builder.keep();
  const [head, body, yes, no, next, end] = Array.from({ length: 6 }, () => builder.block());
  builder.enter(head!);
  builder.branch("lt", n, 5n, body!, end!);
  builder.enter(body!);
  builder.branch("eq", builder.load(context, 8, 8), 7n, yes!, no!);
  builder.enter(yes!);
  builder.move(unread, builder.alu("add", n, 1n));
  builder.jump(next!);
  builder.enter(no!);
  builder.move(unread, 0n);
  builder.enter(next!);
  builder.move(n, builder.alu("add", n, 1n));
  builder.jump(head!);
  builder.enter(end!);
  const [left, right] = [builder.block(), builder.block()];
  builder.branch("le", context, context, left, right);
  builder.enter(left);
  builder.exit(1n);
  builder.enter(right);
  builder.exit(0n);
  assert.deepEqual(hex(emit(builder.finish()).instructions), [
    "b700000001000000", // r0 = 1
    "9500000000000000", // exit
  ]);
});

test("emit() keeps a loop whose sum is read", () => {
  const builder = new Builder();
  const [n, sum] = [builder.copy(0n), builder.register()];
  builder.move(sum, 0n);
  const [head, body, end] = Array.from({ length: 3 }, () => builder.block());
  builder.enter(head!);
  builder.branch("lt", n, 5n, body!, end!);
  builder.enter(body!);
  builder.move(sum, builder.alu("add", sum, n));
  builder.move(n, builder.alu("add", n, 1n));
  builder.jump(head!);
  builder.enter(end!);
  builder.exit(sum);
  assert.deepEqual(hex(emit(builder.finish()).instructions), [
    "b701000000000000", // r1 = 0
    "b702000000000000", // r2 = 0
    "3501030005000000", // if r1 >= 5 goto +3
    "0f12000000000000", // r2 += r1
    "0701000001000000", // r1 += 1
    "0500fcff00000000", // goto -4
    "bf20000000000000", // r0 = r2
    "9500000000000000", // exit
  ]);
});
