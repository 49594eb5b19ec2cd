import assert from "node:assert/strict";
import { test } from "node:test";
import {
  arrayMap,
  comm,
  hash,
  ip,
  kernel,
  lruHash,
  perCpuArray,
  perCpuHash,
  print,
  rawTracepoint,
  signed,
  unsigned,
} from "../../kernel.ts";
import {
  array,
  bool,
  Bpf,
  chars,
  i32,
  i64,
  i8,
  ipv4,
  ipv6,
  struct,
  sum,
  u32,
  u64,
  u8,
} from "../../mod.ts";
import { runOnce } from "../support/differential.ts";

// Run by BPF_PROG_TEST_RUN: with the test's arguments, and by no other process.

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

test("what a sequence checks is there behind it, as minifiers write statements and a condition", () => {
  const code = kernel({
    maps: { numbers: hash(u32, u64) },
    globals: { seen: u32, value: u64, other: u64 },
  }, {
    program: rawTracepoint("sys_enter", ({ args: [key] }, out) => {
      const found = out.numbers.get(Number(key));
      if (out.seen += 1, found === undefined) return;
      out.value = found;
      out.other = (out.seen += 1, found > 5n) ? found + 1n : 0n;
    }),
  });
  using bpf = Bpf.load(code);
  bpf.map("numbers").set(3, 7n);
  for (const key of [2n, 3n]) runOnce(bpf.program("program"), [key]);
  const values = (["seen", "value", "other"] as const).map((name) => bpf.global(name).value);
  assert.deepEqual(values, [3, 7n, 8n]);
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

test("fields of keys, values and events are read in their order", () => {
  const Pair = struct("pair", { x: u64, y: u64 });
  const code = kernel({
    maps: { pairs: hash(u64, Pair), counts: hash(u64, u64) },
    globals: { n: u64 },
  }, {
    program: rawTracepoint("sys_enter", (_, out) => {
      out.pairs.set(1n, { x: out.n, y: out.n += 1n });
      out.counts.increment(out.n, out.n += 4n);
    }),
  });
  using bpf = Bpf.load(code);
  runOnce(bpf.program("program"), [0n]);
  assert.deepEqual(bpf.map("pairs").get(1n), { x: 0n, y: 1n });
  assert.deepEqual([...bpf.map("counts")], [[1n, 5n]]);
});

test("IP addresses come from numbers and bytes, and are texts outside", () => {
  const Flow = struct("flow", { to: ipv4, from: ipv6 });
  const code = kernel({ maps: { flows: hash(Flow, u64) }, globals: { bytes: array(u8, 16) } }, {
    program: rawTracepoint("sys_enter", ({ args: [x] }, { flows, bytes }) => {
      flows.increment({ to: ip(x!), from: ip(bytes) });
      print(`${ip(0x7f000001)} ${ip(bytes)}`);
    }),
  });
  const bytes = [...Array<number>(15).fill(0), 1];
  using bpf: Bpf = Bpf.load(code, { globals: { bytes } });
  runOnce(bpf.program("program"), [0xc0000201n]);
  assert.deepEqual([...bpf.map("flows")], [[{ to: "192.0.2.1", from: "::1" }, 1n]]);
  const lines: unknown[] = [];
  bpf.events("print").drain((line) => lines.push(line));
  assert.deepEqual(lines, ["127.0.0.1 ::1"]);
});

test("print shows numbers by their sign, and what else JavaScript would show", () => {
  const Odd = struct("odd", {
    a: i8,
    b: u8,
    c: i64,
    text: chars(8),
    ok: bool,
    list: array(i32, 2),
  });
  const code = kernel({
    maps: { odd: hash(u32, Odd), numbers: hash(u32, i64) },
    globals: { small: i32, flag: bool },
  }, {
    program: rawTracepoint("sys_enter", (_, { odd, numbers, small, flag }) => {
      print(`${-1} ${small - 5} ${true} ${flag} ${!flag} ${small > -1}`);
      print(`%d %s {} \\ "q" \u2603 \t.`);
      print("");
      print(
        flag ? "yes" : "no!",
        `${flag ? "" : "a longer text"}.`,
        small === 0 ? comm() === "" ? "" : "named" : "",
      );
      print(`${numbers.get(1) ?? -7n}`, numbers.has(1), `a${`b${small}c`}d`);
      odd.set(1, { a: -100, b: 200, c: -5n, text: "abcdefg", ok: true, list: [-1, 2] });
      const v = odd.get(1);
      if (v === undefined) return;
      print(v.a, v.b, v.c, v.text, v.ok, v.list[0], v.list[1], v.list[small + 1], v.list.length);
      print(
        `${v.a + v.b} ${v.a * 2} ${unsigned(v.a, 8)} ${signed(v.b, 8)} ${v.b << 1} ${v.a >> 1}`,
      );
      print(`${18446744073709551615n} ${-9223372036854775808n}`, v.a < 0 ? -1 : 1, v.a % 7);
      for (const [i, n] of [[1, -2], [3, -4]] as const) print(i, n);
    }),
  });
  using bpf: Bpf = Bpf.load(code);
  runOnce(bpf.program("program"), []);
  const lines: unknown[] = [];
  bpf.events("print").drain((line) => lines.push(line));
  assert.deepEqual(lines, [
    "-1 -5 true false true true",
    '%d %s {} \\ "q" \u2603 \t.',
    "",
    "no! a longer text. named",
    "-7 false ab0cd",
    "-100 200 -5 abcdefg true -1 2 2 2",
    "100 -200 156 -56 400 -50",
    "18446744073709551615 -9223372036854775808 -1 -2",
    "1 -2",
    "3 -4",
  ]);
});
