// Not in guests: libbcc takes 20 s and more for each compile under emulation.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { array, Bpf, chars, LayoutError, struct, u16, u32, u64 } from "../../mod.ts";
import { callGetpgid, callGetppid } from "../support/calls.ts";
import { held } from "../support/leftovers.ts";

const cflags = [`-DTARGET=${process.pid}`];
const GUARD = "if (bpf_get_current_pid_tgid() >> 32 != TARGET) return 0;";

const PERF = `
struct inner_t { u8 letter; u32 number; };
struct event { u32 pid; char comm[16]; u64 sequence; struct inner_t inner; u16 words[3]; };
BPF_PERF_OUTPUT(events);
BPF_ARRAY(sequence, u64, 1);
TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
  struct event event = {};
  int zero = 0;
  u64 *next = sequence.lookup(&zero);
  ${GUARD}
  if (!next) return 0;
  event.pid = bpf_get_current_pid_tgid() >> 32;
  event.sequence = (*next)++;
  event.inner.letter = 'x';
  event.inner.number = 77;
  event.words[2] = 9;
  bpf_get_current_comm(&event.comm, sizeof(event.comm));
  events.perf_submit(args, &event, sizeof(event));
  return 0;
}`;

const Inner = struct("inner_t", { letter: chars(1), number: u32 });

test("compiled output: perf_submit() sends events in order, dropped ones are counted", () => {
  using bpf = Bpf.compile(PERF, { cflags });
  bpf.attach();
  const Event = struct("event", {
    pid: u32,
    comm: chars(16),
    sequence: u64.asNumber,
    inner: Inner,
    words: array(u16, 3),
  });
  using events = bpf.events("events", Event, { pages: 1, ordered: true });
  callGetppid(31);
  const seen: number[] = [];
  events.drain(({ pid, sequence, inner, words }) => {
    assert.deepEqual([pid, inner, words], [process.pid, { letter: "x", number: 77 }, [0, 0, 9]]);
    seen.push(sequence);
  });
  assert.deepEqual(seen, Array.from({ length: 31 }, (_, i) => i));
  assert.equal(events.dropped, 0);
  callGetppid(1009);
  const kept = events.drain(() => {});
  assert.ok(kept > 0 && events.dropped! > 0);
  assert.equal(kept + events.dropped!, 1009);
});

const RING = `
struct event { u64 sequence; u32 pid; u16 kind; char label[10]; };
struct big { u64 numbers[32]; };
BPF_RINGBUF_OUTPUT(copied, 8);
BPF_RINGBUF_OUTPUT(reserved, 8);
BPF_RINGBUF_OUTPUT(small, 1);
BPF_RINGBUF_OUTPUT(raw, 1);
BPF_ARRAY(sequence, u64, 1);
BPF_ARRAY(small_failures, u64, 1);
TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
  int zero = 0;
  u64 *next = sequence.lookup(&zero);
  struct event event = { .label = "copied" }, *place;
  ${GUARD}
  if (!next) return 0;
  event.sequence = (*next)++;
  copied.ringbuf_output(&event, sizeof(event), event.sequence ? BPF_RB_NO_WAKEUP : BPF_RB_FORCE_WAKEUP);
  place = reserved.ringbuf_reserve(sizeof(struct event));
  if (!place) return 0;
  place->sequence = event.sequence;
  place->pid = TARGET;
  place->kind = 3;
  __builtin_memcpy(place->label, "reserved\\0", 10);
  if (event.sequence % 2) reserved.ringbuf_discard(place, 0);
  else reserved.ringbuf_submit(place, BPF_RB_NO_WAKEUP);
  u64 *words = raw.ringbuf_reserve(16);
  if (words) { words[0] = words[1] = event.sequence; raw.ringbuf_submit(words, 0); }
  return 0;
}
TRACEPOINT_PROBE(syscalls, sys_enter_getpgid) {
  int zero = 0;
  ${GUARD}
  struct big *big = small.ringbuf_reserve(sizeof(*big));
  if (!big) { small_failures.increment(zero); return 0; }
  big->numbers[31] = 1013;
  small.ringbuf_submit(big, 0);
  return 0;
}`;

test("compiled output: a ring buffer copies, reserves and discards", () => {
  const before = held();
  {
    using bpf = Bpf.compile(RING, { cflags });
    assert.deepEqual(bpf.mapNames.filter((name) => name.startsWith("__")), []);
    bpf.attach();
    using copied = bpf.events("copied");
    using reserved = bpf.events("reserved");
    callGetppid(11);
    const labels: unknown[] = [];
    assert.equal(copied.drain(({ label, sequence }) => labels.push([label, sequence])), 11);
    assert.deepEqual(labels[10], ["copied", 10n]);
    const kept: unknown[] = [];
    reserved.drain((event) => kept.push(event));
    assert.deepEqual(
      kept,
      [0n, 2n, 4n, 6n, 8n, 10n].map((sequence) => ({
        sequence,
        pid: process.pid,
        kind: 3,
        label: "reserved",
      })),
    );
  }
  assert.deepEqual(held(), before);
});

test("compiled output: the codec of reserved events is made, and checked, by their struct", () => {
  using bpf = Bpf.compile(RING, { cflags });
  bpf.attach();
  const Wrong = struct("event", { sequence: u64, pid: u64, kind: u16, label: chars(10) });
  assert.throws(() => bpf.events("reserved", Wrong), LayoutError);
  using small = bpf.events("small");
  callGetpgid(31);
  const last: unknown[] = [];
  const count = small.drain(({ numbers }) => last.push((numbers as bigint[])[31]));
  assert.deepEqual(last, Array(count).fill(1013n));
  assert.equal(bpf.map("small_failures", u32, u64.asNumber).get(0), 31 - count);
  assert.ok(count > 0 && count < 31);

  assert.throws(() => bpf.events("raw"), /the text does not tell their type: pass a codec/);
  const Pair = struct("pair", { first: u64, second: u64 });
  using raw = bpf.events("raw", Pair);
  callGetppid(3);
  assert.equal(raw.drain(({ first, second }) => assert.equal(first, second)), 3);
});

test("compiled output: an event stream is awaited, and its loop ends it", async () => {
  using bpf = Bpf.compile(RING, { cflags });
  bpf.attach();
  const stream = bpf.events("copied");
  callGetppid(2);
  const sequences: unknown[] = [];
  for await (const { sequence } of stream) if (sequences.push(sequence) === 2) break;
  assert.deepEqual(sequences, [0n, 1n]);
  assert.equal(stream.drain(() => {}), 0);
});

test("compiled output: ringbuf_query() tells how full a buffer is, where libbcc has it", () => {
  const text = `
BPF_RINGBUF_OUTPUT(events, 2);
BPF_ARRAY(answers, u64, 2);
TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
  u64 event = 7, size, filled;
  int zero = 0, one = 1;
  ${GUARD}
  events.ringbuf_output(&event, sizeof(event), 0);
  size = events.ringbuf_query(BPF_RB_RING_SIZE);
  filled = events.ringbuf_query(BPF_RB_AVAIL_DATA);
  answers.update(&zero, &size);
  answers.update(&one, &filled);
  return 0;
}`;
  let bpf: Bpf;
  try {
    bpf = Bpf.compile(text, { cflags });
  } catch (error) {
    assert.match((error as Error).message, /no member named 'ringbuf_query'/);
    assert.match(readFileSync("/proc/self/maps", "utf8"), /libbcc\.so\.0\.2\d/);
    return;
  }
  bpf.attach();
  callGetppid(3);
  // Each record has a header of 8 bytes.
  assert.deepEqual([...bpf.map("answers", u32, u64).values()], [8192n, 48n]);
  bpf.close();
});
