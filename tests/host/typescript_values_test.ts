import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { test } from "node:test";
import {
  comm,
  cpu,
  gid,
  hash,
  kernel,
  ktime,
  pid,
  random,
  rawTracepoint,
  signed,
  tid,
  uid,
} from "../../kernel.ts";
import { bool, Bpf, chars, i32, monotonicTime, u32, u64 } from "../../mod.ts";
import { runOnce } from "../support/differential.ts";

// Run by BPF_PROG_TEST_RUN: with the test's arguments, and by no other process.

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
  // Compared with /proc, not with the pid: ids wrap around, so a thread's may be smaller than its
  // process's.
  assert.ok(existsSync(`/proc/self/task/${bpf.global("tid").value}`));
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

test("what is read before a change stays what it was", () => {
  const code = kernel(
    { globals: { a: u64, b: u64, c: u64, d: u64, old: chars(8), now: chars(8) } },
    {
      program: rawTracepoint("sys_enter", ({ args: [x] }, out) => {
        out.a = x!;
        const before = out.a;
        out.a = 7n;
        out.b = before;
        const first = (one: bigint, _: bigint) => one;
        out.c = first(out.a, out.a += 1n);
        out.d = out.a++;
        out.now = "one";
        const text = out.now;
        out.now = "two";
        out.old = text;
      }),
    },
  );
  using bpf = Bpf.load(code);
  runOnce(bpf.program("program"), [5n]);
  const values = (["a", "b", "c", "d", "old", "now"] as const).map((name) =>
    bpf.global(name).value
  );
  assert.deepEqual(values, [9n, 5n, 7n, 8n, "one", "two"]);
});
