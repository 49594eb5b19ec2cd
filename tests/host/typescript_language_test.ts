import assert from "node:assert/strict";
import { test } from "node:test";
import {
  arrayMap,
  comm,
  cpu,
  gid,
  hash,
  kernel,
  ktime,
  lruHash,
  type OutsideOf,
  perCpuArray,
  perCpuHash,
  pid,
  random,
  rawTracepoint,
  signed,
  tid,
  uid,
  unsigned,
} from "../../kernel.ts";
import {
  array,
  bool,
  Bpf,
  chars,
  i16,
  i32,
  i64,
  monotonicTime,
  struct,
  sum,
  u16be,
  u32,
  u32be,
  u64,
  u8,
} from "../../mod.ts";
import { runOnce } from "../support/differential.ts";

// Run by BPF_PROG_TEST_RUN: the arguments are the test's, and nobody else triggers the program.

const RESULTS = { a: u64, b: u64, c: i64, d: i64, yes: bool, no: bool };

type Context = { readonly args: readonly bigint[] };
type Results = OutsideOf<{ globals: typeof RESULTS }>;

/** What a program stores in the globals, after one run. */
function results(run: (context: Context, out: Results) => unknown, ...args: bigint[]) {
  const program = rawTracepoint<Results>("sys_enter", run);
  using bpf = Bpf.load(kernel({ globals: RESULTS }, { program }));
  runOnce(bpf.program("program"), [...args, 0n, 0n, 0n, 0n, 0n].slice(0, 5));
  const value = (name: keyof typeof RESULTS) => bpf.global(name).value;
  return {
    a: value("a"),
    b: value("b"),
    c: value("c"),
    d: value("d"),
    yes: value("yes"),
    no: value("no"),
  };
}

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

test("shifts to the right keep the sign of their left side; >>> never does", () => {
  const { a, b, c } = results(
    ({ args: [x, y] }, out) => {
      out.a = x! >> y!;
      out.b = BigInt(Number(signed(x!)) >>> Number(y!));
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

test("the words tell who, where and when", () => {
  const code = kernel({
    globals: { pid: u32, tid: u32, uid: u32, gid: u32, cpu: u32, time: u64, one: u32, two: u32 },
  }, {
    program: rawTracepoint("sys_enter", (_, out) => {
      out.pid = pid();
      out.tid = tid();
      out.uid = uid();
      out.gid = gid();
      out.cpu = cpu();
      out.time = ktime();
      out.one = random();
      out.two = random();
    }),
  });
  using bpf = Bpf.load(code);
  const before = monotonicTime();
  runOnce(bpf.program("program"), [0n]);
  const after = monotonicTime();
  assert.equal(bpf.global("pid").value, process.pid);
  assert.ok(bpf.global("tid").value >= process.pid);
  assert.equal(bpf.global("uid").value, process.getuid!());
  assert.equal(bpf.global("gid").value, process.getgid!());
  assert.ok(bpf.global("cpu").value < 4096);
  const time = Number(bpf.global("time").value);
  assert.ok(before <= time && time <= after);
  assert.notEqual(bpf.global("one").value, bpf.global("two").value);
});

test("texts are compared whole, with literals and with each other", () => {
  const code = kernel({
    maps: { names: hash(u32, chars(16)) },
    globals: { hits: u32 },
  }, {
    program: rawTracepoint("sys_enter", (_, out) => {
      const name = comm();
      if (name === "no such name") out.hits += 1000;
      if (name !== "") out.hits += 1;
      out.names.set(1, name);
      out.names.set(2, "another");
      const [stored, other] = [out.names.get(1), out.names.get(2)] as const;
      if (!stored || !other) return;
      if (stored === name) out.hits += 10;
      if (stored === other) out.hits += 1000;
      if (other === "another") out.hits += 100;
      if (other === "anothe" || other === "another one") out.hits += 1000;
      switch (other) {
        case "one":
          out.hits += 1000;
          break;
        case "another":
          out.hits += 5;
      }
    }),
  });
  using bpf = Bpf.load(code);
  runOnce(bpf.program("program"), [0n]);
  assert.equal(bpf.global("hits").value, 116);
  assert.equal(bpf.map("names").get(2), "another");
});

test("maps are read, written and counted in", () => {
  const Key = struct("key", { a: u8, b: u32 });
  const code = kernel({
    maps: {
      counts: hash(Key, u64),
      recent: lruHash(u32, i64),
      mine: perCpuHash(u32, u64),
      list: arrayMap(u64, { entries: 3 }),
      cells: perCpuArray(u32, { entries: 2 }),
    },
    globals: { found: u32, missing: u32, removed: bool, gone: bool, value: u64, other: u64 },
  }, {
    program: rawTracepoint("sys_enter", ({ args: [x] }, out) => {
      const { counts, recent, mine, list, cells } = out;
      counts.increment({ a: 1, b: 2 });
      counts.increment({ b: 2, a: 1 }, 4n);
      recent.set(7, -5n);
      recent.increment(7, -2);
      mine.increment(3, 9);
      mine.increment(3);
      list.set(1, x!);
      list.increment(1, 1n);
      list.increment(7); // there is none
      cells.increment(0, 2);
      if (recent.has(7)) out.found += 1;
      if (!recent.has(8)) out.missing += 1;
      const absent = recent.get(8);
      if (absent === undefined) out.missing += 1;
      out.value = list.get(1) ?? 99n;
      out.other = list.get(5) ?? 99n;
      counts.set({ a: 9, b: 9 }, 1n);
      out.removed = counts.delete({ a: 9, b: 9 });
      out.gone = counts.delete({ a: 9, b: 9 });
    }),
  });
  using bpf = Bpf.load(code);
  runOnce(bpf.program("program"), [40n]);
  assert.deepEqual([...bpf.map("counts")], [[{ a: 1, b: 2 }, 5n]]);
  assert.deepEqual([...bpf.map("recent")], [[7, -7n]]);
  assert.equal(sum(bpf.perCpuMap("mine").get(3)!), 10n);
  assert.deepEqual([...bpf.map("list")], [[0, 0n], [1, 41n], [2, 0n]]);
  assert.equal(sum(bpf.perCpuMap("cells").get(0)!), 2);
  const value = (name: Parameters<typeof bpf.global>[0]) => bpf.global(name).value;
  assert.deepEqual([value("found"), value("missing")], [1, 2]);
  assert.deepEqual([value("value"), value("other")], [41n, 99n]);
  assert.deepEqual([value("removed"), value("gone")], [true, false]);
});

test("a value of a map is the one that was looked up, a struct the one in the map", () => {
  const Pair = struct("pair", { count: u64, name: chars(8) });
  const code = kernel({
    maps: { numbers: hash(u32, u64), pairs: hash(u32, Pair) },
    globals: { before: u64, zero: u32, chained: u64, none: u64 },
  }, {
    program: rawTracepoint("sys_enter", (_, out) => {
      const { numbers, pairs } = out;
      numbers.set(1, 5n);
      const before = numbers.get(1);
      if (before === undefined) return;
      numbers.set(1, before + 1n);
      out.before = before;
      numbers.set(2, 0n);
      const zero = numbers.get(2);
      if (zero !== undefined) out.zero += 1;
      if (zero) out.zero += 10; // 0 is false, as everywhere in JavaScript
      pairs.set(1, { count: 1n, name: "one" });
      const pair = pairs.get(1);
      if (pair === undefined) return;
      pair.count += 41n;
      pair.name = "other";
      out.chained = pairs.get(1)?.count ?? 7n;
      out.none = pairs.get(2)?.count ?? 7n;
      pairs.set(3, pair);
    }),
  });
  using bpf = Bpf.load(code);
  runOnce(bpf.program("program"), [0n]);
  assert.equal(bpf.global("before").value, 5n);
  assert.equal(bpf.map("numbers").get(1), 6n);
  assert.equal(bpf.global("zero").value, 1);
  assert.equal(bpf.global("chained").value, 42n);
  assert.equal(bpf.global("none").value, 7n);
  assert.deepEqual(bpf.map("pairs").get(3), { count: 42n, name: "other" });
});

test("what a full map has no room for is counted", () => {
  const code = kernel({
    maps: { few: hash(u64, u64, { entries: 4 }) },
    globals: { failed: u32 },
  }, {
    program: rawTracepoint("sys_enter", ({ args: [x] }, out) => {
      out.few.increment(x!);
      if (!out.few.set(x! + 100n, 1n)) out.failed += 1;
    }),
  });
  using bpf = Bpf.load(code);
  for (let i = 0; i < 6; i++) runOnce(bpf.program("program"), [BigInt(i)]);
  assert.equal([...bpf.map("few")].length, 4);
  assert.equal(bpf.global("failed").value, 4);
  assert.equal((bpf as Bpf).global("few_dropped").value, 8n);
});

test("constants are compiled in, and what they rule out is not", () => {
  const code = kernel({
    constants: { LIMIT: 5n, WITH_NAMES: false, LABEL: "fixed" },
    maps: { names: hash(u32, chars(8)) },
    globals: { value: u64 },
  }, {
    program: rawTracepoint("sys_enter", ({ args: [x] }, out) => {
      if (out.WITH_NAMES) out.value = 1000n;
      if (x! > out.LIMIT) out.value += out.LIMIT;
      out.names.set(1, out.LABEL);
    }),
  });
  using bpf = Bpf.load(code);
  runOnce(bpf.program("program"), [6n]);
  assert.equal(bpf.global("value").value, 5n);
  assert.equal(bpf.map("names").get(1), "fixed");
});

test("globals are set at load and shared while programs run", () => {
  const code = kernel({
    globals: { wanted: i32, seen: u64, open: bool },
  }, {
    program: rawTracepoint("sys_enter", ({ args: [x] }, out) => {
      if (out.open && signed(x!, 32) === BigInt(out.wanted)) out.seen += 1n;
    }),
  });
  using bpf = Bpf.load(code, { globals: { wanted: -3, open: true } });
  const run = (x: bigint) => runOnce(bpf.program("program"), [x]);
  run(BigInt.asUintN(64, -3n));
  run(4n);
  bpf.global("wanted").value = 4;
  run(4n);
  bpf.global("open").value = false;
  run(4n);
  assert.equal(bpf.global("seen").value, 2n);
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

test("what may be missing equals a number only if it is there", () => {
  const code = kernel({ maps: { values: hash(u32, u64) }, globals: { equal: u64, other: u64 } }, {
    program: rawTracepoint("sys_enter", ({ args: [key, wanted] }, out) => {
      const value = out.values.get(Number(key));
      if (value === wanted) out.equal += value! + 1n;
      if (value !== wanted) out.other += 1n;
      if (0n === out.values.get(99)) out.equal += 1000n;
    }),
  });
  using bpf = Bpf.load(code);
  bpf.map("values").set(1, 5n);
  bpf.map("values").set(2, 0n);
  const run = (key: bigint, wanted: bigint) => runOnce(bpf.program("program"), [key, wanted]);
  run(1n, 5n);
  run(1n, 6n);
  run(2n, 0n);
  run(3n, 0n);
  assert.equal(bpf.global("equal").value, 7n);
  assert.equal(bpf.global("other").value, 2n);
});
