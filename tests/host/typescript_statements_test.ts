import assert from "node:assert/strict";
import { test } from "node:test";
import { arrayMap, kernel, ktime, rawTracepoint, unsigned } from "../../kernel.ts";
import { array, Bpf, struct, u32, u64 } from "../../mod.ts";
import { runOnce } from "../support/differential.ts";
import { type Context, type Results, results } from "../support/typescript_results.ts";

// Run by BPF_PROG_TEST_RUN: with the test's arguments, and by no other process.

test("if, else, &&, || and ! choose", () => {
  const choose = (context: Context, out: Results) => {
    const [x, y] = context.args;
    if (x! > 5n && !(y! === 3n) || x! === 1n) out.a = 1n;
    else if (y! === 3n) out.a = 2n;
    else out.a = 3n;
    out.b = x! > 5n ? y! : 7n;
    out.yes = x! > 5n && y! > 5n;
    out.no = !(x! > 5n || y! > 5n);
  };
  const cases = [
    [[6n, 4n], { a: 1n, b: 4n, yes: false, no: false }],
    [[6n, 3n], { a: 2n, b: 3n, yes: false, no: false }],
    [[1n, 3n], { a: 1n, b: 7n, yes: false, no: true }],
    [[2n, 9n], { a: 3n, b: 7n, yes: false, no: false }],
    [[9n, 9n], { a: 1n, b: 9n, yes: true, no: false }],
  ] as const;
  for (const [args, expected] of cases) {
    const { a, b, yes, no } = results(choose, ...args);
    assert.deepEqual({ a, b, yes, no }, expected, `of ${args}`);
  }
});

test("for counts, with break and continue", () => {
  const { a, b, c } = results(({ args: [x] }, out) => {
    let sum = 0n;
    for (let i = 0; i < 100; i++) {
      if (i % 2 === 1) continue;
      if (BigInt(i) > x!) break;
      sum += BigInt(i);
    }
    out.a = unsigned(sum);
    let rounds = 0n;
    for (let i = 0; i < 50 && BigInt(i) < x!; i += 3) rounds++;
    out.b = unsigned(rounds);
    let down = 0n;
    for (let i = 5; i > 0; i--) for (let k = 0; k < i; k++) down++;
    out.c = down;
  }, 10n);
  assert.deepEqual([a, b, c], [30n, 4n, 15n]);
});

test("for of goes through arguments and arrays of structs", () => {
  const Box = struct("box", { values: array(u32, 5) });
  const code = kernel({
    maps: { boxes: arrayMap(Box, { entries: 1 }) },
    globals: { total: u64, args: u64, third: u32, none: u32 },
  }, {
    program: rawTracepoint("sys_enter", ({ args }, out) => {
      const box = out.boxes.get(0);
      if (box === undefined) return;
      for (const value of box.values) {
        if (value === 3) continue;
        if (value === 5) break;
        out.total += BigInt(value);
      }
      for (let i = 0; i < 10; i++) if (i === 2) out.third = box.values[i] ?? 0;
      const far = Number(args[1]!);
      out.none = box.values[far] ?? 0;
      out.args = args[0]! + args[1]! + args[2]!;
    }),
  });
  using bpf = Bpf.load(code);
  bpf.map("boxes").set(0, { values: [1, 2, 3, 4, 5] });
  bpf.global("none").value = 9;
  runOnce(bpf.program("program"), [100n, 20n, 3n]);
  assert.equal(bpf.global("total").value, 7n);
  assert.equal(bpf.global("args").value, 123n);
  assert.equal(bpf.global("third").value, 3);
  assert.equal(bpf.global("none").value, 0, "outside of the array is 0");
});

test("switch chooses by number, and goes on where there is no break", () => {
  const choose = ({ args: [x] }: Context, out: Results) => {
    switch (x!) {
      case 1n:
        out.a = 10n;
        break;
      case 2n:
        out.a = 20n;
      // falls through
      case 3n:
        out.b = 30n;
        break;
      default:
        out.a = 99n;
    }
  };
  const of = (x: bigint) => {
    const { a, b } = results(choose, x);
    return [a, b];
  };
  assert.deepEqual([1n, 2n, 3n, 4n].map(of), [[10n, 0n], [20n, 30n], [0n, 30n], [99n, 0n]]);
});

test("local functions are called with values, and see what is around them", () => {
  const { a, b, c } = results(
    ({ args: [x, y] }, out) => {
      const larger = (one: bigint, other: bigint) => one > other ? one : other;
      function clamp(value: bigint) {
        if (value > 100n) return 100n;
        return value + y!;
      }
      const note = () => {
        out.c += 1n;
      };
      note();
      note();
      out.a = larger(x!, y!);
      out.b = clamp(x!) + clamp(1n);
    },
    500n,
    7n,
  );
  assert.deepEqual([a, b, c], [500n, 108n, 2n]);
});

test("a program may return early, and give a value nobody asks for", () => {
  const { a, b } = results(({ args: [x] }, out) => {
    out.a = 1n;
    if (x! > 3n) return;
    out.b = 1n;
    return x;
  }, 5n);
  assert.deepEqual([a, b], [1n, 0n]);
});

test("the left side of an operator is read before the right side changes it", () => {
  const { a, b } = results(({ args: [x] }, out) => {
    let n = x!;
    out.a = n + (n = 100n);
    const change = () => {
      n = 1n;
      return 1n;
    };
    out.b = n * 2n + change() + n;
  }, 5n);
  assert.deepEqual([a, b], [105n, 202n]);
});

test("more values than registers are kept on the stack", () => {
  const { a, b } = results(
    ({ args: [x, y] }, out) => {
      const [v0, v1, v2, v3, v4] = [x! + 1n, x! + 2n, x! + 3n, x! + 4n, x! + 5n] as const;
      const [w0, w1, w2, w3, w4] = [y! * 2n, y! * 3n, y! * 5n, y! * 7n, y! * 11n] as const;
      const now = ktime();
      out.a = v0 - w4 + (v1 - w3) * (v2 - w2) + (v3 - w1) * (v4 - w0) + v0 * w0;
      out.b = now > 0n ? v0 + v1 + v2 + v3 + v4 + w0 + w1 + w2 + w3 + w4 : 0n;
    },
    10n,
    3n,
  );
  const expected = 11n - 33n + (12n - 21n) * (13n - 15n) + (14n - 9n) * (15n - 6n) + 66n;
  assert.deepEqual([a, b], [expected, 65n + 84n]);
});

test("functions may be arrows, functions or methods", () => {
  const code = kernel({
    globals: { count: u32 },
  }, {
    arrow: rawTracepoint("sys_enter", (_, out) => out.count += 1),
    plain: rawTracepoint("sys_enter", function (_, out) {
      out.count += 10;
    }),
    method: rawTracepoint(
      "sys_enter",
      {
        run(_: Context, out: { count: number }) {
          out.count += 100;
        },
      }.run,
    ),
  });
  using bpf = Bpf.load(code);
  for (const name of ["arrow", "plain", "method"]) runOnce(bpf.program(name), [0n]);
  assert.equal(bpf.global("count").value, 111);
});
