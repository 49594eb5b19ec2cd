import assert from "node:assert/strict";
import { test } from "node:test";
import { hash, kernel, rawTracepoint, signed, unsigned } from "../../kernel.ts";
import { Bpf, i16, struct, u16be, u32, u32be, u8 } from "../../mod.ts";
import { runOnce } from "../support/differential.ts";
import { results } from "../support/typescript_results.ts";

// Run by BPF_PROG_TEST_RUN: with the test's arguments, and by no other process.

const MAX = (1n << 64n) - 1n;

test("numbers are 64 bits wide and wrap", () => {
  const { a, b, c, d } = results(
    ({ args: [x, y] }, out) => {
      out.a = x! + 1n;
      out.b = x! * y!;
      out.c = signed(0n) - signed(y!);
      out.d = signed(x!);
    },
    MAX,
    3n,
  );
  assert.deepEqual([a, b, c, d], [0n, MAX - 2n, -3n, -1n]);
});

test("division and remainder are those of integers, signed where both sides are", () => {
  const { a, b, c, d } = results(
    ({ args: [x, y] }, out) => {
      out.a = x! / y!;
      out.b = x! % y!;
      out.c = signed(x!) / -2n;
      out.d = signed(x!) % 4n;
    },
    MAX - 6n,
    5n,
  );
  assert.deepEqual([a, b, c, d], [(MAX - 6n) / 5n, (MAX - 6n) % 5n, 3n, -3n]);
});

test("division by zero gives zero, its remainder the number itself", () => {
  const { a, b, c, d } = results(
    ({ args: [x, y] }, out) => {
      out.a = x! / y!;
      out.b = x! % y!;
      out.c = signed(x!) / signed(y!);
      out.d = signed(x!) % signed(y!);
    },
    7n,
    0n,
  );
  assert.deepEqual([a, b, c, d], [0n, 7n, 0n, 7n]);
});

test("shifts to the right keep the sign of their left side; >>> is of unsigned ones", () => {
  const { a, b, c } = results(
    ({ args: [x, y] }, out) => {
      out.a = x! >> y!;
      out.b = BigInt(Number(x!) >>> Number(y!));
      out.c = signed(x!) >> y!;
    },
    MAX,
    8n,
  );
  assert.deepEqual([a, b, c], [MAX >> 8n, MAX >> 8n, -1n]);
});

test("comparisons are signed where both sides are", () => {
  const { yes, no } = results(({ args: [x] }, out) => {
    out.yes = signed(x!) < 5n;
    out.no = x! < 5n;
  }, MAX);
  assert.deepEqual([yes, no], [true, false]);
});

test("signed() and unsigned() take the lowest bits", () => {
  const { a, b, c, d } = results(({ args: [x] }, out) => {
    out.a = unsigned(x!, 8);
    out.b = BigInt.asUintN(16, x!);
    out.c = signed(x!, 8);
    out.d = BigInt.asIntN(32, x!);
  }, 0x1_8000_80f0n);
  assert.deepEqual([a, b, c, d], [0xf0n, 0x80f0n, -16n, -0x7fff7f10n]);
});

test("what is stored is cut to the size of where it is stored", () => {
  const Small = struct("small", { a: u8, b: i16, c: u32, big: u32be, port: u16be });
  const code = kernel({
    maps: { smalls: hash(u32, Small) },
  }, {
    program: rawTracepoint("sys_enter", ({ args: [x, y] }, { smalls }) => {
      const n = Number(x!);
      smalls.set(1, { a: n, b: n, c: n, big: Number(y!), port: 80 });
      const small = smalls.get(1);
      if (!small) return;
      small.c = small.c + small.a + small.port;
      small.big += 1;
    }),
  });
  using bpf = Bpf.load(code);
  runOnce(bpf.program("program"), [0xffff_8001n, 0x0102_0304n]);
  assert.deepEqual(bpf.map("smalls").get(1), {
    a: 1,
    b: -32767,
    c: 0xffff_8001 + 1 + 80,
    big: 0x0102_0305,
    port: 80,
  });
});

test("literals of all forms mean what they say", () => {
  const { a, b, c, d } = results((_, out) => {
    out.a = 0xffff_ffff_ffff_ffffn;
    out.b = BigInt(2 ** 40 + 0b101 + 0o17);
    out.c = -9223372036854775808n;
    out.d = BigInt(1_000_000 * 1000);
  });
  assert.deepEqual([a, b, c, d], [MAX, (1n << 40n) + 20n, -(1n << 63n), 1_000_000_000n]);
});

test("let changes, const stays as it was", () => {
  const { a, b, c, d } = results(({ args: [x] }, out) => {
    let n = x!;
    const before = n;
    n += 5n;
    const after = n++;
    out.a = before;
    out.b = after;
    out.c = signed(n);
    out.d = signed(n-- + n);
  }, 10n);
  assert.deepEqual([a, b, c, d], [10n, 15n, 16n, 31n]);
});

test("a variable that begins as a plain number takes the sign of what comes", () => {
  const { yes, no, a } = results(({ args: [x] }, out) => {
    let large = 0n;
    let small = 0n;
    large += x!;
    small -= 1n;
    out.yes = large > 5n;
    out.no = small > 5n;
    out.a = large >> 1n;
  }, MAX);
  assert.deepEqual([yes, no, a], [true, false, MAX >> 1n]);
});
