import assert from "node:assert/strict";
import { test } from "node:test";
import { array, Bpf, i64, ipv4, LayoutError, lpmKey, u32, u64 } from "../../mod.ts";
import { onlineCpus } from "../../bpf/base/cpus.ts";
import { readText } from "../../ffi/libc/files.ts";
import { libc } from "../../ffi/libc/libc.ts";
import { buildObject } from "../support/build.ts";
import { callGetppid } from "../support/calls.ts";
import { isBpfError } from "../support/is_bpf_error.ts";
import { attachToCalls, loadKindsObject } from "../support/kinds.ts";
import { held } from "../support/leftovers.ts";

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
    isBpfError("EINVAL"),
  );
  assert.throws(() => bpf.mapOfMaps("by_key", u32), LayoutError);
});

test("StackTraces gives the addresses of user and kernel stacks", () => {
  using bpf = loadKindsObject();
  attachToCalls(bpf);
  callGetppid(1);
  const stacks = bpf.stacks("stacks");
  const user = bpf.global("user_stack", i64.asNumber).value;
  const kernel = bpf.global("kernel_stack", i64.asNumber).value;
  const isKernel = (address: bigint) => address >> 63n === 1n;
  assert.ok(user >= 0, `the program got ${user}`);
  const userFrames = stacks.get(user)!;
  assert.ok(userFrames.length > 0 && userFrames.every((address) => address && !isKernel(address)));
  assert.deepEqual(new Map(stacks), new Map([[user, userFrames]]));
  assert.equal(stacks.get(-14), undefined);
  assert.equal(stacks.delete(user), true);
  assert.equal(stacks.get(user), undefined);

  // 6.1 finds no kernel frames at a system call's tracepoint: EFAULT.
  if (process.env.TSBCC_GUEST_KERNEL === "6.1") return assert.equal(kernel, -14);
  assert.ok(kernel >= 0, `the program got ${kernel}`);
  const kernelStacks = bpf.stacks("kernel_stacks");
  const kernelFrames = kernelStacks.get(kernel)!;
  assert.ok(kernelFrames.length > 0 && kernelFrames.every(isKernel));
  assert.deepEqual([...kernelStacks].map(([id]) => id), [kernel]);
  kernelStacks.clear();
  assert.deepEqual([...kernelStacks], []);
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
    bpf.counters("counters", { event: "cpu-clock" }); // not closed here: closing the object closes it
  }
  assert.deepEqual(held(), before);
});

test("PerfCounters counts exactly the events of one thread", () => {
  using bpf = loadKindsObject();
  // Another call than getppid: at a tracepoint whose program returns 0, perf counters do not count.
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

/** The id of the thread that runs this test, which need not be the process's first thread. */
const thread = () => Number(libc().syscall(SYS_GETTID, 0n, 0n, 0n, 0n, 0n, 0n));

const SYS_GETTID = process.arch === "arm64" ? 178n : 186n;
const SYS_GETSID = process.arch === "arm64" ? 156n : 124n;

function tracepoint(name: string) {
  const id = `/sys/kernel/tracing/events/syscalls/${name}/id`;
  return { type: 2, config: BigInt(readText(id)) };
}

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
