import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  array,
  average,
  Bpf,
  BpfError,
  chars,
  i64,
  ipv4,
  LayoutError,
  log2Lines,
  lpmKey,
  max,
  min,
  possibleCpus,
  struct,
  sum,
  u32,
  u64,
  unpin,
} from "../../mod.ts";
import { onlineCpus } from "../../bpf/attach/perf_event.ts";
import { libc, readText } from "../../ffi/libc.ts";
import { buildObject } from "../support/build.ts";
import { callGetppid, loadLibraryObject } from "../support/calls.ts";
import { attachToCalls, loadKindsObject } from "../support/kinds.ts";
import { held } from "../support/leftovers.ts";

const isBpfError = (code: string, end: string) => (error: Error) =>
  error instanceof BpfError && error.code === code && error.message.endsWith(end);

test("BpfMap finds the longest prefix in a trie, as programs do", () => {
  using bpf = loadKindsObject();
  const routes = bpf.map("routes", lpmKey(ipv4), u32);
  const key = (prefix: string, bits: number) => ({ prefix, bits });
  routes.set(key("10.0.0.0", 8), 1).set(key("10.1.0.0", 16), 2).set(key("0.0.0.0", 0), 3);
  assert.equal(routes.get(key("10.1.2.3", 32)), 2);
  assert.equal(routes.get(key("10.2.2.3", 32)), 1);
  assert.equal(routes.get(key("192.168.0.1", 32)), 3);
  const entries = [...routes].sort(([, a], [, b]) => a - b);
  assert.deepEqual(entries, [
    [key("10.0.0.0", 8), 1],
    [key("10.1.0.0", 16), 2],
    [key("0.0.0.0", 0), 3],
  ]);

  attachToCalls(bpf);
  const address = bpf.global("address", ipv4);
  const route = bpf.global("route", u32);
  for (const [asked, found] of [["10.1.9.9", 2], ["10.9.9.9", 1], ["11.0.0.0", 3]] as const) {
    address.value = asked;
    callGetppid(1);
    assert.equal(route.value, found);
  }
  assert.equal(routes.delete(key("0.0.0.0", 0)), true);
  assert.equal(routes.get(key("192.168.0.1", 32)), undefined);
  routes.clear();
  assert.deepEqual([...routes.keys()], []);
});

for (const kind of ["queue", "stack"] as const) {
  test(`BpfQueue pushes, peeks and pops the values of a ${kind}`, () => {
    using bpf = loadKindsObject();
    const queue = bpf.queue(kind, u64.asNumber);
    assert.equal(queue.pop(), undefined);
    assert.equal(queue.peek(), undefined);
    for (let i = 1; i <= 7; i++) queue.push(i);
    assert.throws(
      () => queue.push(8),
      isBpfError("E2BIG", "it is full: it has room for 7 values"),
    );
    queue.push(8, { replaceOldest: true });
    const expected = kind === "queue" ? [2, 3, 4, 5, 6, 7, 8] : [8, 7, 6, 5, 4, 3, 2];
    assert.equal(queue.peek(), expected[0]);
    assert.deepEqual(Array.from({ length: 7 }, () => queue.pop()), expected);
    assert.equal(queue.pop(), undefined);
  });

  test(`BpfQueue takes what programs push to a ${kind}`, () => {
    using bpf = loadKindsObject();
    attachToCalls(bpf);
    callGetppid(11);
    const queue = bpf.queue(kind);
    const expected = [4n, 5n, 6n, 7n, 8n, 9n, 10n];
    if (kind === "stack") expected.reverse();
    assert.deepEqual(Array.from({ length: 7 }, () => queue.pop()), expected);
  });
}

test("ObjectMap puts programs where tail calls reach them", () => {
  using bpf = loadKindsObject();
  attachToCalls(bpf);
  const tails = bpf.programArray("tails");
  const counts = bpf.global("tail_calls", array(u64.asNumber, 2));
  callGetppid(4);
  assert.deepEqual(counts.value, [0, 0]);
  tails.set(0, bpf.program("tail_even"));
  callGetppid(5);
  assert.deepEqual(counts.value, [3, 0]);
  tails.set(1, bpf.program("tail_odd"));
  callGetppid(6);
  assert.deepEqual(counts.value, [6, 3]);
  assert.equal(typeof tails.id(0), "number");
  assert.equal(tails.delete(0), true);
  assert.equal(tails.delete(0), false);
  assert.equal(tails.id(0), undefined);
  callGetppid(4);
  assert.deepEqual(counts.value, [6, 5]);
  assert.throws(
    () => tails.set(2, bpf.program("tail_odd")),
    isBpfError("E2BIG", "room for 2 entries"),
  );
});

test("ObjectMap puts maps into arrays and hashes of maps", () => {
  using bpf = loadKindsObject();
  attachToCalls(bpf);
  const first = bpf.map("first", u32, u64.asNumber);
  const second = bpf.map("second", u32, u64.asNumber);
  const byIndex = bpf.mapOfMaps("by_index", u32);
  const byKey = bpf.mapOfMaps("by_key", u64);
  callGetppid(3);
  byIndex.set(0, first).set(1, second);
  byKey.set(1009n, first).set(1013n, second);
  callGetppid(11);
  assert.deepEqual([...first.values()], [0, 11, 5]);
  assert.deepEqual([...second.values()], [0, 0, 6]);
  assert.notEqual(byIndex.id(0), byIndex.id(1));
  assert.equal(byIndex.id(0), byKey.id(1009n));
  assert.equal(byKey.delete(1009n), true);
  assert.equal(byKey.id(1009n), undefined);
  callGetppid(2);
  assert.deepEqual([...first.values()], [0, 11, 6]);
  assert.throws(
    () => byIndex.set(0, bpf.map("routes", lpmKey(ipv4), u32)),
    isBpfErrorCode("EINVAL"),
  );
  assert.throws(() => bpf.mapOfMaps("by_key", u32), LayoutError);
});

const isBpfErrorCode = (code: string) => (error: Error) =>
  error instanceof BpfError && error.code === code;

test("StackTraces gives the addresses of user and kernel stacks", () => {
  using bpf = loadKindsObject();
  attachToCalls(bpf);
  callGetppid(1);
  const stacks = bpf.stacks("stacks");
  const user = bpf.global("user_stack", i64.asNumber).value;
  const kernel = bpf.global("kernel_stack", i64.asNumber).value;
  assert.ok(user >= 0 && kernel >= 0, `the program got ${user} and ${kernel}`);
  const isKernel = (address: bigint) => address >> 63n === 1n;
  const [userFrames, kernelFrames] = [stacks.get(user)!, stacks.get(kernel)!];
  assert.ok(userFrames.length > 0 && userFrames.every((address) => address && !isKernel(address)));
  assert.ok(kernelFrames.length > 0 && kernelFrames.every(isKernel));
  assert.deepEqual(new Map(stacks), new Map([[user, userFrames], [kernel, kernelFrames]]));
  assert.equal(stacks.get(-14), undefined);
  assert.equal(stacks.delete(user), true);
  assert.equal(stacks.get(user), undefined);
  stacks.clear();
  assert.deepEqual([...stacks], []);
});

test("PerfCounters counts on every CPU, for this side and for programs", () => {
  const before = held();
  {
    using bpf = loadKindsObject();
    attachToCalls(bpf);
    callGetppid(1);
    assert.ok(bpf.global("counter_result", i64.asNumber).value < 0);
    const counters = bpf.counters("counters", { event: "task-clock" });
    callGetppid(101);
    assert.equal(bpf.global("counter_result", i64.asNumber).value, 0);
    const seen = bpf.global("counter_value", u64.asNumber).value;
    assert.ok(seen > 0 && seen <= counters.total, `a program read ${seen}`);
    assert.throws(() => bpf.events("counters"), /is open already|does not tell their type/);
    counters.close();
    callGetppid(1);
    assert.ok(bpf.global("counter_result", i64.asNumber).value < 0);
    bpf.counters("counters", { event: "cpu-clock" }); // closed with its object
  }
  assert.deepEqual(held(), before);
});

test("PerfCounters counts exactly the events of one thread", () => {
  using bpf = loadKindsObject();
  // Not getppid: a program on a tracepoint that returns 0 hides its events from counters.
  const event = tracepoint("sys_enter_getsid");
  using counters = bpf.counters("counters", { event, pid: thread() });
  for (let i = 0; i < 1009; i++) libc().syscall(SYS_GETSID, 0n, 0n, 0n, 0n, 0n, 0n);
  callGetppid(1);
  assert.equal(counters.total, 1009);
  assert.deepEqual(counters.read().map(({ cpu }) => cpu), onlineCpus());
  assert.ok(counters.read().every(({ enabledNs, runningNs }) => enabledNs >= runningNs));
  counters.close();
  const pid = 2 ** 22 + 1;
  assert.throws(
    () => bpf.counters("counters", { event: "cpu-clock", pid }),
    isBpfError("ESRCH", `process ${pid} does not exist`),
  );
});

/** The thread that runs this test, which need not be the process's first. */
const thread = () => Number(libc().syscall(SYS_GETTID, 0n, 0n, 0n, 0n, 0n, 0n));

const SYS_GETTID = process.arch === "arm64" ? 178n : 186n;
const SYS_GETSID = process.arch === "arm64" ? 156n : 124n;

function tracepoint(name: string) {
  const id = `/sys/kernel/tracing/events/syscalls/${name}/id`;
  return { type: 2, config: BigInt(readText(id)) };
}

const Key = struct("key", { remainder: u32, label: chars(16) });
const key = (remainder: number) => ({ remainder, label: "x" });

test("BpfMap writes and removes many entries at once", () => {
  using bpf = loadLibraryObject();
  const counts = bpf.map("counts", Key, u64.asNumber);
  const entries = Array.from({ length: 9973 }, (_, i) => [key(i), i * 3] as const);
  assert.equal(counts.setAll(entries), counts);
  assert.equal(counts.get(key(9972)), 9972 * 3);
  assert.equal([...counts].length, 9973);
  const odd = entries.map(([key]) => key).filter(({ remainder }) => remainder % 2 === 1);
  assert.equal(counts.deleteAll([key(20000), ...odd, key(20001), key(20002)]), 4986);
  assert.equal(counts.get(key(1)), undefined);
  assert.equal([...counts].length, 4987);
  assert.equal(counts.deleteAll([]), 0);
  assert.throws(
    () => counts.setAll(entries.map(([{ remainder }]) => [key(remainder + 30000), 0])),
    isBpfError("E2BIG", "room for 10007 entries"),
  );
});

test("BpfMap writes many entries of an array, and refuses to remove them", () => {
  using bpf = loadLibraryObject();
  const slots = bpf.map("slots", u32, u64.asNumber);
  slots.setAll([[1, 11], [6, 66]]);
  assert.deepEqual([...slots.values()], [0, 11, 0, 0, 0, 0, 66]);
  assert.throws(() => slots.setAll([[7, 1]]), isBpfErrorCode("E2BIG"));
  assert.throws(() => slots.deleteAll([1]), isBpfErrorCode("EINVAL"));
  assert.throws(() => [...slots.lookupAndDeleteAll()], BpfError);
});

test("BpfMap.lookupAndDelete() gives a value and removes its entry", () => {
  using bpf = loadLibraryObject();
  const counts = bpf.map("counts", Key, u64.asNumber);
  counts.set(key(1), 5).set(key(2), 7);
  assert.equal(counts.lookupAndDelete(key(1)), 5);
  assert.equal(counts.lookupAndDelete(key(1)), undefined);
  assert.deepEqual([...counts.lookupAndDeleteAll()], [[key(2), 7]]);
  assert.deepEqual([...counts], []);
  counts.setAll(Array.from({ length: 10007 }, (_, i) => [key(i), i]));
  const taken = new Map([...counts.lookupAndDeleteAll()].map(([k, v]) => [k.remainder, v]));
  assert.equal(taken.size, 10007);
  assert.deepEqual([...counts], []);
});

test("per-CPU values reduce to one number", () => {
  using bpf = loadLibraryObject();
  const perCpu = bpf.perCpuMap("per_cpu", u32, u32);
  const values = Array.from({ length: possibleCpus() }, (_, cpu) => 10 + cpu);
  const many: [number, number[]][] = [[0, values], [1, values]];
  perCpu.setAll(many);
  const read = perCpu.get(1)!;
  const last = 9 + possibleCpus();
  assert.deepEqual([min(read), max(read)], [10, last]);
  assert.equal(sum(read), (10 + last) * possibleCpus() / 2);
  assert.equal(average(read), (10 + last) / 2);
});

test("a histogram prints a BpfMap as it is", () => {
  using bpf = loadLibraryObject();
  const slots = bpf.map("slots", u32, u64.asNumber);
  slots.setAll([[1, 4], [2, 8]]);
  assert.equal(log2Lines(slots)[2]!.slice(0, 40), "         2 -> 3          : 8        |***");
});

test("maps, programs and links are pinned, found and unpinned", () => {
  const folder = mkdtempSync("/sys/fs/bpf/ts-bcc-");
  const path = (name: string) => join(folder, name);
  try {
    {
      using bpf = loadKindsObject();
      using library = loadLibraryObject();
      library.map("counts", Key, u64).set(key(3), 33n).pin(path("counts"));
      bpf.program("on_call").pin(path("program"));
      bpf.program("on_exec").attach().pin(path("link"));
      using probe = bpf.program("on_call").attachTracepoint("syscalls", "sys_enter_getppid");
      assert.throws(() => probe.pin(path("probe")), /Cannot pin tracepoint .*cannot be pinned/);
      assert.throws(
        () => library.map("slots").pin(path("counts")),
        isBpfError("EEXIST", "the name is taken: unpin it first"),
      );
      assert.throws(() => library.map("slots").pin(path("none/slots")), isBpfErrorCode("ENOENT"));
      assert.throws(() => library.map("slots").pin("/proc/slots"), BpfError);
    }
    using later = loadLibraryObject({ maps: { counts: { pinned: path("counts") } } });
    assert.equal(later.map("counts", Key, u64).get(key(3)), 33n);
    for (const name of ["counts", "program", "link"]) {
      assert.ok(existsSync(path(name)));
      unpin(path(name));
      assert.throws(() => unpin(path(name)), isBpfErrorCode("ENOENT"));
    }
  } finally {
    for (const name of ["counts", "program", "link"]) if (existsSync(path(name))) unpin(path(name));
    rmdirSync(folder);
  }
});

test("Bpf says which method opens a map", () => {
  using bpf = loadKindsObject();
  const advice = (open: () => unknown, method: string) =>
    assert.throws(
      open,
      (error: Error) =>
        error instanceof TypeError && error.message.endsWith(`open it with ${method}()`),
    );
  advice(() => bpf.map("queue"), "queue");
  advice(() => bpf.map("tails"), "programArray");
  advice(() => bpf.map("samples"), "events() or counters");
  advice(() => bpf.perCpuMap("stacks"), "stacks");
  advice(() => bpf.queue("routes"), "map");
  advice(() => bpf.programArray("by_key"), "mapOfMaps");
  advice(() => bpf.stacks("queue"), "queue");
  advice(() => bpf.mapOfMaps("first"), "map");
  advice(() => bpf.counters("stack", { event: "cpu-clock" }), "queue");
});

test("every kind of map is released with its object", () => {
  const before = held();
  for (let round = 0; round < 3; round++) Bpf.load(buildObject("kinds.bpf.c")).close();
  assert.deepEqual(held(), before);
});
