import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import {
  cast,
  cgroupArray,
  comm,
  currentTask,
  type Fields,
  functions,
  hash,
  kernel,
  KernelCodeError,
  pid,
  rawTracepoint,
  ringBuffer,
  tid,
} from "../../kernel.ts";
import { array, bool, Bpf, chars, struct, u32, u64 } from "../../mod.ts";
import { TestCgroup } from "../support/cgroup.ts";
import { runOnce } from "../support/differential.ts";
import { type Context, results } from "../support/typescript_results.ts";

// Programs are run by BPF_PROG_TEST_RUN in this process, once for each call.

const Pair = struct("pair", { first: u64, second: u32 });
const Call = struct("call", { pair: Pair, numbers: array(u32, 3), name: chars(16) });

const adding = functions({
  globals: { total: u64, rounds: u32 },
  constants: { LIMIT: 100n },
}, (outside) => {
  const STEP = 2n;
  const doubled = (x: bigint) => x * STEP;
  function add(x: bigint): bigint {
    if (x > outside.LIMIT) return 0n;
    outside.total += doubled(x);
    return doubled(x);
  }
  return { add, addTwice: (x: bigint) => add(x) + add(x + 1n) };
});

const pairs = functions({ use: [adding] }, ({ add }) => ({
  pairOf(x: bigint) {
    const sum = add(x);
    return { first: sum, second: 7 };
  },
}));

test("programs share functions, which use maps, globals, constants and each other", () => {
  const code = kernel({ use: [adding, pairs], maps: { kept: hash(u32, Pair) } }, {
    one: rawTracepoint("sys_enter", ({ args }, { addTwice }) => {
      addTwice(args[0]!);
    }),
    two: rawTracepoint("sys_enter", ({ args }, { kept, pairOf, add }) => {
      kept.set(1, pairOf(args[0]!));
      if (add(1n) === 2n) kept.set(2, { first: 1n, second: 2 });
    }),
  });
  using bpf = Bpf.load(code);
  runOnce(bpf.program("one"), [5n, 0n, 0n, 0n, 0n]);
  assert.equal(bpf.global("total", u64).value, 2n * 5n + 2n * 6n);
  runOnce(bpf.program("two"), [9n, 0n, 0n, 0n, 0n]);
  assert.equal(bpf.global("total", u64).value, 22n + 18n + 2n);
  const { first, second } = bpf.map("kept").get(1)!;
  assert.deepEqual([first, second], [18n, 7]);
  assert.ok(bpf.map("kept").has(2));
});

test("Bpf.load gives constants other values, and what they rule out is not compiled", () => {
  const code = kernel({
    use: [adding],
    constants: { target: 0, name: "", isWanted: false, far: 0n },
    globals: { seen: u32, total_far: u64, yes: bool },
  }, {
    program: rawTracepoint("sys_enter", ({ args }, outside) => {
      if (outside.isWanted) outside.yes = currentTask().no_such_field !== 0;
      if (outside.target !== 0 && outside.target !== pid()) return;
      if (outside.name !== "" && comm() === outside.name) return;
      outside.seen += 1;
      outside.total_far += outside.far;
      outside.add(args[0]!);
    }),
  });
  const run = (globals: Record<string, unknown>) => {
    using bpf = Bpf.load(code, { globals });
    runOnce(bpf.program("program"), [40n, 0n, 0n, 0n, 0n]);
    const [seen, far] = [bpf.global("seen").value, bpf.global("total_far").value];
    return [seen, far, bpf.global("total", u64).value];
  };
  const name = readFileSync("/proc/thread-self/comm", "utf8").trim();
  assert.deepEqual(run({}), [1, 0n, 80n]);
  assert.deepEqual(run({ target: process.pid, far: 1n << 60n, total: 5n }), [1, 1n << 60n, 85n]);
  assert.deepEqual(run({ target: process.pid + 1 }), [0, 0n, 0n]);
  assert.deepEqual(run({ name }), [0, 0n, 0n]);
  assert.deepEqual(run({ LIMIT: 39n }), [1, 0n, 0n]);
  assert.throws(() => run({ isWanted: true }), /has no field "no_such_field"/);
  assert.throws(() => run({ far: 1 }), {
    message: 'Cannot set constant "far" to a number: it is a bigint',
  });
  assert.throws(() => run({ unknown: 1 }), /it has .*\btotal\b.*\btarget\b.*\bLIMIT\b/);
});

test("a wrong place in a shared function is shown with the file and the program", () => {
  const refused = (make: (outside: unknown) => object) => {
    const code = kernel({ use: [functions({ globals: { total: u64 } }, make)] }, {
      enter: rawTracepoint<Fields>("sys_enter", (_, { wrong }) => {
        wrong();
      }),
    });
    let message = "";
    assert.throws(() => Bpf.load(code), (error: Error) => {
      assert.ok(error instanceof KernelCodeError, String(error));
      message = error.message.replace(/typescript_functions_test\.ts:\d+/, "FILE");
      return true;
    });
    return message;
  };
  const text = (body: string) => new Function("out", body) as (outside: unknown) => object;
  assert.equal(
    refused(text("return { wrong() {\n  out.total = 1.5;\n} };")),
    'Cannot compile program "enter" (FILE): 1.5 is no integer, and programs in the kernel have no ' +
      "others: scale it, such as milliseconds instead of seconds\n" +
      "  line 4 of the function: out.total = 1.5;\n" +
      "                                      ^^^",
  );
  assert.match(
    refused(text("const n = out.total;\nreturn { wrong() {} };")),
    /only functions and numbers can stand here: what runs stands inside of them\n {2}line 3 of the function: const n/,
  );
  assert.match(refused(text("return out;")), /what programs are given is an object of functions/);
  assert.match(
    refused(text("const x = 1;\nreturn { wrong: x };")),
    /programs can only be given functions/,
  );
});

test("two things of one name are refused, the same functions used twice are not", () => {
  const other = functions({ globals: { total: u64 } }, () => ({ nothing: () => 0 }));
  const program = rawTracepoint<Fields>("sys_enter", () => {});
  assert.throws(() => Bpf.load(kernel({ use: [adding, other] }, { program })), {
    message:
      'Cannot call two things "total": maps, globals, constants and shared functions share names',
  });
  Bpf.load(kernel({ use: [pairs, adding, adding] }, { program })).close();
});

test("texts are searched by includes(), up to their end", () => {
  const Text = struct("text", { of: chars(16) });
  const code = kernel({
    maps: { texts: hash(u32, Text) },
    constants: { part: "" },
    globals: { found: bool },
  }, {
    program: rawTracepoint("sys_enter", (_, outside) => {
      const text = outside.texts.get(1);
      if (text !== undefined) outside.found = text.of.includes(outside.part);
    }),
  });
  const texts = ["", "a", "ab", "bab", "aabab", "0123456789abcde", "ababababababaab"];
  for (const part of ["", "aab", "0123456789abcde", "0123456789abcdef", "b0"]) {
    using bpf = Bpf.load(code, { globals: { part } });
    for (const of of texts) {
      bpf.map("texts").set(1, { of });
      runOnce(bpf.program("program"), [0n, 0n, 0n, 0n, 0n]);
      assert.equal(bpf.global("found").value, of.includes(part), `${part} in ${of}`);
    }
  }
});

test("a list is stored in an array, and a struct of it in an event", () => {
  const code = kernel({ maps: { calls: hash(u32, Call), events: ringBuffer(Call) } }, {
    program: rawTracepoint("sys_enter", ({ args: [a, b] }, { calls, events }) => {
      const numbers = [Number(a), 2, Number(b)];
      calls.set(1, { pair: { first: 0n, second: 1 }, numbers, name: "call" });
      const call = calls.get(1);
      if (call === undefined) return;
      call.pair.first = b!;
      events.emit(call);
    }),
  });
  using bpf = Bpf.load(code);
  using events = bpf.events("events");
  runOnce(bpf.program("program"), [5n, 6n, 0n, 0n, 0n]);
  const seen: unknown[] = [];
  events.drain(({ pair: { first, second }, numbers, name }) =>
    seen.push([first, second, [...numbers], name])
  );
  assert.deepEqual(seen, [[6n, 1, [5, 2, 6], "call"]]);
});

test("a key begins with a value, once; where there is no room it is counted", () => {
  const code = kernel({ maps: { sums: hash(u64, Pair, { entries: 2, dropped: "no_room" }) } }, {
    program: rawTracepoint("sys_enter", ({ args }, { sums }) => {
      const sum = sums.getOrInsert(args[0]!, { first: 100n, second: 5 });
      if (sum === undefined) return;
      sum.first += 1n;
      sum.second -= 2;
      sum.second++;
    }),
  });
  using bpf = Bpf.load(code);
  const run = (key: bigint) => runOnce(bpf.program("program"), [key, 0n, 0n, 0n, 0n]);
  for (const key of [1n, 2n, 1n, 3n, 1n, 4n]) run(key);
  const sums = bpf.map("sums");
  const { first, second } = sums.get(1n)!;
  assert.deepEqual([first, second, sums.get(2n)!.first, sums.get(3n)], [103n, 2, 101n, undefined]);
  assert.equal(bpf.global("no_room", u64).value, 2n);
});

test("sums in maps and globals are added to in their place", () => {
  const { a, b, c } = results(
    ({ args: [x, y] }: Context, out) => {
      out.a += x! - 1n;
      out.a -= 2n;
      out.b--;
      out.c -= 5n;
      out.c++;
      if (y! > 0n) out.b += y!;
    },
    10n,
    3n,
  );
  assert.deepEqual([a, b, c], [7n, 2n, -4n]);
});

test("an array of cgroups tells whether a process is in one of them", () => {
  const code = kernel({ maps: { groups: cgroupArray({ entries: 2 }) }, globals: { n: u32 } }, {
    program: rawTracepoint("sys_enter", (_, outside) => {
      outside.n = (outside.groups.hasCurrent(0) ? 1 : 0) + (outside.groups.hasCurrent(1) ? 2 : 0);
    }),
  });
  using bpf = Bpf.load(code);
  using other = new TestCgroup("functions");
  const groups = bpf.cgroupArray("groups");
  const run = () => {
    runOnce(bpf.program("program"), [0n, 0n, 0n, 0n, 0n]);
    return bpf.global("n").value;
  };
  assert.equal(run(), 0, "there are none yet");
  groups.set(0, other.path);
  assert.equal(run(), 0);
  groups.set(1, other.path.replace(/\/[^/]+$/, ""));
  assert.equal(run(), 2);
});

test("structs of the kernel that lie in a row are told apart by their number", () => {
  const code = kernel({ globals: { number: u32, machine: u32, level: u32 } }, {
    program: rawTracepoint("sys_enter", (_, outside) => {
      const of = currentTask().thread_pid;
      outside.level = of.level;
      outside.machine = cast(of.numbers, "struct upid", 0).nr;
      outside.number = cast(of.numbers, "struct upid", of.level).nr;
      if (tid() === 0) outside.level = 99;
    }),
  });
  using bpf = Bpf.load(code);
  runOnce(bpf.program("program"), [0n, 0n, 0n, 0n, 0n]);
  const line = /^NSpid:\s*(.*)$/m.exec(readFileSync("/proc/thread-self/status", "utf8"))![1]!;
  const numbers = line.split(/\s+/).map(Number);
  const level = bpf.global("level").value;
  assert.equal(bpf.global("number").value, numbers.at(-1));
  if (numbers.length === level + 1) assert.equal(bpf.global("machine").value, numbers[0]);
});
