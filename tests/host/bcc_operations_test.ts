// Not in guests: libbcc takes 20 s and more for each compile under emulation.
import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { Bpf, i64, struct, sum, u32, u64, unpin } from "../../mod.ts";
import { callGetpgid, callGetppid } from "../support/calls.ts";

const cflags = [`-DTARGET=${process.pid}`];
const GUARD = "if (bpf_get_current_pid_tgid() >> 32 != TARGET) return 0;";

// The stack map is large: in a small one the hashes of two stacks may collide, and the second stack
// is dropped.
const OPERATIONS = `
enum { TRIED, INITIALISED, INSERTED, REFUSED, DELETED, MISSING, PUSHED, FULL, POPPED, PEEKED };
BPF_ARRAY(results, s64, 16);
BPF_HASH(tried, u32);
BPF_HASH(initialised, u32);
BPF_HASH(inserted, u32, u64);
BPF_HASH(counts, u32);
BPF_PERCPU_HASH(percpu, u32);
BPF_PERCPU_ARRAY(perslot, u64, 2);
BPF_HISTOGRAM(slots);
BPF_HISTOGRAM(wide);
BPF_QUEUE(queue, u64, 4);
BPF_STACK(stack, u64, 4);
BPF_STACK_TRACE(stacks, 4096);
BPF_STACK_TRACE_BUILDID(buildids, 64);
BPF_ARRAY(stackids, s64, 3);

static void note(int slot, s64 value) { results.update(&slot, &value); }

TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
  u32 key = 7;
  u64 start = 100, value = 5, none = 0, *found;
  ${GUARD}
  found = tried.lookup_or_try_init(&key, &start);
  if (found) note(TRIED, ++*found);
  found = initialised.lookup_or_init(&key, &start);
  note(INITIALISED, ++*found);
  note(INSERTED, inserted.insert(&key, &value));
  note(REFUSED, inserted.insert(&key, &start));
  counts.increment(key);
  counts.increment(key, 3);
  counts.atomic_increment(key);
  counts.atomic_increment(key, 5);
  // libbcc's increment makes no entry in a per-CPU hash.
  found = percpu.lookup_or_try_init(&key, &none);
  if (found) percpu.increment(key, 2);
  perslot.increment(1, 2);
  slots.increment(bpf_log2(300));
  wide.atomic_increment(bpf_log2l(1ULL << 40), 2);
  found = inserted.lookup(&key);
  if (found && *found == 5) inserted.update(&key, &start);
  return 0;
}

TRACEPOINT_PROBE(syscalls, sys_enter_getpgid) {
  u32 key = 7;
  u64 value = 0;
  ${GUARD}
  note(DELETED, inserted.delete(&key));
  note(MISSING, inserted.delete(&key));
  #pragma unroll
  for (int i = 1; i <= 4; i++) { value = i; queue.push(&value, 0); stack.push(&value, 0); }
  value = 5;
  note(FULL, (long)queue.push(&value, 0));
  note(PUSHED, (long)queue.push(&value, BPF_EXIST));
  queue.pop(&value);
  note(POPPED, value);
  stack.peek(&value);
  note(PEEKED, value);
  int slot = 0;
  s64 id = stacks.get_stackid(args, 0);
  stackids.update(&slot, &id);
  slot = 1;
  id = stacks.get_stackid(args, BPF_F_USER_STACK | BPF_F_FAST_STACK_CMP);
  stackids.update(&slot, &id);
  slot = 2;
  id = buildids.get_stackid(args, BPF_F_USER_STACK);
  stackids.update(&slot, &id);
  return 0;
}`;

test("compiled operations: lookup, initialise, insert, update, delete, increment", () => {
  using bpf = Bpf.compile(OPERATIONS, { cflags });
  bpf.attach();
  callGetppid(13);
  const results = bpf.map("results", u32, i64.asNumber);
  const EEXIST = -17;
  const ENOENT = -2;
  const E2BIG = -7;
  assert.deepEqual([0, 1, 3].map((slot) => results.get(slot)), [113, 113, EEXIST]);
  assert.deepEqual([...bpf.map("counts")], [[7, 130n]]);
  assert.equal(sum(bpf.perCpuMap("percpu", u32, u64.asNumber).get(7)!), 26);
  assert.equal(sum(bpf.perCpuMap("perslot", u32, u64.asNumber).get(1)!), 26);
  assert.equal(bpf.map("slots", u32, u64.asNumber).get(8), 13);
  assert.equal(bpf.map("wide", u32, u64.asNumber).get(41), 26);
  assert.deepEqual([...bpf.map("inserted")], [[7, 100n]]);

  callGetpgid(1);
  assert.deepEqual([4, 5, 6, 7].map((slot) => results.get(slot)), [0, ENOENT, 0, E2BIG]);
  assert.deepEqual([8, 9].map((slot) => results.get(slot)), [2, 4]);
  const ids = bpf.map("stackids", u32, i64.asNumber);
  const kernel = bpf.stacks("stacks").get(ids.get(0)!)!;
  const user = bpf.stacks("stacks").get(ids.get(1)!)!;
  assert.ok(kernel.length > 0 && kernel.every((address) => address >> 63n === 1n));
  assert.ok(user.length > 0 && user.every((address) => address >> 63n === 0n));
  const frames = bpf.buildIdStacks("buildids").get(ids.get(2)!)!;
  assert.equal(frames.length, user.length);
  assert.ok(frames.some((frame) => "buildId" in frame && /^[0-9a-f]{40}$/.test(frame.buildId)));
  assert.throws(() => bpf.stacks("buildids"), /build ids and offsets: open it with buildIdStacks/);
  assert.throws(() => bpf.buildIdStacks("stacks"), /addresses: open it with stacks\(\)/);
});

test("compiled operations: counters are read, with and without their times", () => {
  const Value = struct("value_t", { counter: u64, enabled: u64, running: u64 });
  using bpf = Bpf.compile(
    `#include <uapi/linux/bpf_perf_event.h>
BPF_PERF_ARRAY(clocks, NUMBER_OF_CPUS);
struct value_t { u64 counter, enabled, running; };
BPF_ARRAY(values, struct value_t, 2);
TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
  int slot = 0;
  struct value_t plain = {}, timed = {};
  ${GUARD}
  plain.counter = clocks.perf_read(CUR_CPU_IDENTIFIER);
  values.update(&slot, &plain);
  slot = 1;
  plain.counter = clocks.perf_counter_value(CUR_CPU_IDENTIFIER, &timed, sizeof(timed));
  values.update(&slot, &timed);
  return 0;
}`,
    { cflags: [...cflags, "-DNUMBER_OF_CPUS=64"] },
  );
  using counters = bpf.counters("clocks", { event: "task-clock" });
  bpf.attach();
  callGetppid(101);
  const [plain, timed] = [...bpf.map("values", u32, Value).values()];
  assert.ok(plain!.counter > 0n && timed!.counter >= plain!.counter);
  assert.ok(timed!.counter <= BigInt(counters.total));
  assert.ok(timed!.enabled >= timed!.running && timed!.running > 0n);
});

test("compiled maps: a pinned table is made once and found again", () => {
  const folder = mkdtempSync("/sys/fs/bpf/ts-bcc-");
  const path = join(folder, "kept");
  const text = `BPF_TABLE_PINNED("hash", u32, u64, kept, 7, "${path}");
int nothing(void *ctx) { return 0; }`;
  try {
    Bpf.compile(text)[Symbol.dispose]();
    assert.ok(existsSync(path));
    {
      using first = Bpf.compile(text);
      first.map("kept", u32, u64).set(3, 33n);
    }
    using second = Bpf.compile(text);
    assert.deepEqual([...second.map("kept", u32, u64)], [[3, 33n]]);
    assert.equal(second.map("kept").maxEntries, 7);
  } finally {
    if (existsSync(path)) unpin(path);
    rmdirSync(folder);
  }
});

test("compiled maps: a public table is the same in later programs", () => {
  using owner = Bpf.compile(`BPF_TABLE_PUBLIC("hash", u32, u64, everyones, 7);
int nothing(void *ctx) { return 0; }`);
  using user = Bpf.compile(
    `BPF_TABLE("extern", u32, u64, everyones, 7);
TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
  ${GUARD}
  everyones.increment(1009);
  return 0;
}`,
    { cflags },
  );
  user.attach();
  callGetppid(17);
  assert.deepEqual([...owner.map("everyones", u32, u64)], [[1009, 17n]]);
  assert.deepEqual([...user.map("everyones", u32, u64)], [[1009, 17n]]);
});

test("compiled maps: a shared table works where it is declared", () => {
  using bpf = Bpf.compile(
    `BPF_TABLE_SHARED("array", u32, u64, shared, 3);
BPF_QUEUESTACK_SHARED("queue", sharedqueue, u64, 4, 0);
BPF_QUEUESTACK_PUBLIC("stack", publicstack, u64, 4, 0);
int nothing(void *ctx) { return 0; }`,
  );
  assert.deepEqual([...bpf.map("shared", u32, u64).set(2, 5n).values()], [0n, 0n, 5n]);
  assert.equal(bpf.queue("sharedqueue", u64).push(7n).pop(), 7n);
  assert.equal(bpf.queue("publicstack", u64).push(9n).peek(), 9n);
});
