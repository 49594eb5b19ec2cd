import assert from "node:assert/strict";
import { test } from "node:test";
import { bits, chars, enumOf, i64, LayoutError, struct, u32, u64, u8 } from "../../mod.ts";
import { callGetppid, loadLibraryObject } from "../support/calls.ts";
import { held } from "../support/leftovers.ts";
import { iteratesAsTheyCome } from "../support/streams.ts";

const Event = struct("event", {
  sequence: u64.asNumber,
  shifted: i64,
  pid: u32,
  phase: enumOf("phase", { PHASE_FIRST: 1, PHASE_LATER: 2 }),
  inner: struct("inner", { kind: u8, count: u32 }),
  low: bits(u32, 5),
  high: bits(u32, 27),
  label: chars(16),
});

function expected(sequence: number) {
  return {
    sequence,
    shifted: BigInt(sequence) - 3n,
    pid: process.pid,
    phase: sequence ? "PHASE_LATER" : "PHASE_FIRST",
    inner: { kind: sequence % 256, count: sequence * 3 },
    low: sequence % 32,
    high: sequence + 1,
    label: "grün",
  };
}

const globals = { offset: -3n, label: "grün" };

test("EventStream.drain() hands over every event, in order and typed", () => {
  using bpf = loadLibraryObject({ globals });
  using stream = bpf.events("events", Event);
  bpf.attach();
  callGetppid(1009);
  const events: unknown[] = [];
  assert.equal(stream.drain((event) => events.push(event)), 1009);
  assert.deepEqual(events, Array.from({ length: 1009 }, (_, i) => expected(i)));
  assert.equal(stream.drain(() => assert.fail("there is nothing left")), 0);
  assert.equal(stream.dropped, 0);
});

test("EventStream.drain() stops at its limit and goes on there", () => {
  using bpf = loadLibraryObject();
  using stream = bpf.events("events", Event);
  bpf.attach();
  callGetppid(31);
  const seen: number[] = [];
  assert.equal(stream.drain((event) => seen.push(event.sequence), 13), 13);
  assert.equal(stream.drain((event) => seen.push(event.sequence)), 18);
  assert.deepEqual(seen, Array.from({ length: 31 }, (_, i) => i));
});

test("EventStream.skip() counts events and takes them, as many as it may", () => {
  using bpf = loadLibraryObject({ globals: { discard_odd: true } });
  using stream = bpf.events("events", Event);
  bpf.attach();
  callGetppid(101);
  assert.equal(stream.skip(13), 13);
  const seen: number[] = [];
  stream.drain((event) => seen.push(event.sequence), 1);
  assert.deepEqual(seen, [26]);
  assert.equal(stream.skip(), 37);
  assert.equal(stream.skip(), 0);
});

test("EventStream.drain() skips discarded records", () => {
  using bpf = loadLibraryObject({ globals: { discard_odd: true } });
  using stream = bpf.events("events", Event);
  bpf.attach();
  callGetppid(101);
  const seen: number[] = [];
  assert.equal(stream.drain((event) => seen.push(event.sequence)), 51);
  assert.deepEqual(seen, Array.from({ length: 51 }, (_, i) => 2 * i));
});

test("EventStream.drain() counts the event whose callback throws as read", () => {
  using bpf = loadLibraryObject();
  using stream = bpf.events("events", Event);
  bpf.attach();
  callGetppid(5);
  assert.throws(() =>
    stream.drain((event) => {
      if (event.sequence === 2) throw new Error("enough");
    }), /enough/);
  const rest: number[] = [];
  stream.drain((event) => rest.push(event.sequence));
  assert.deepEqual(rest, [3, 4]);
});

test("EventStream.drain() survives a callback that closes the stream", () => {
  using bpf = loadLibraryObject();
  const stream = bpf.events("events", Event);
  bpf.attach();
  callGetppid(5);
  assert.equal(stream.drain(() => stream.close()), 1);
  assert.equal(stream.drain(() => assert.fail("it is closed")), 0);
});

test("EventStream goes around its ring many times without losing its place", () => {
  using bpf = loadLibraryObject({ maps: { events: { maxEntries: 4096 } } });
  using stream = bpf.events("events", Event);
  bpf.attach();
  let next = 0;
  for (let round = 0; round < 997; round++) {
    callGetppid(7);
    stream.drain((event) => assert.equal(event.sequence, next++));
  }
  assert.equal(next, 997 * 7);
});

test("EventStream.dropped counts exactly what did not fit", () => {
  using bpf = loadLibraryObject({ maps: { events: { maxEntries: 4096 } } });
  using stream = bpf.events("events", Event);
  bpf.attach();
  callGetppid(1009);
  const got = stream.drain(() => {});
  assert.ok(got > 0 && got < 1009, `${got} events fit`);
  assert.equal(stream.dropped, 1009 - got);
});

test("EventStream iterates as events come, and leaving the loop closes it", async () => {
  const before = held();
  {
    using bpf = loadLibraryObject();
    const stream = bpf.events("events", Event);
    bpf.attach();
    await iteratesAsTheyCome(stream);
  }
  assert.deepEqual(held(), before);
});

test("EventStream.close() ends a pending iteration", async () => {
  using bpf = loadLibraryObject();
  const stream = bpf.events("events", Event);
  setTimeout(() => stream.close(), 10);
  for await (const event of stream) assert.fail(`unexpected event ${event.sequence}`);
});

test("EventStream.wake() ends a pending wait without closing", async () => {
  using bpf = loadLibraryObject();
  using stream = bpf.events("events", Event);
  const woken = stream.wait();
  stream.wake();
  assert.equal(await woken, true);
  bpf.attach();
  callGetppid(1);
  assert.equal(await stream.wait(), true);
  assert.equal(stream.drain(() => {}), 1);
});

test("Bpf.events() makes a codec from BTF when it is given none", () => {
  using bpf = loadLibraryObject({ globals });
  using stream = bpf.events("events");
  bpf.attach();
  callGetppid(3);
  const events: unknown[] = [];
  stream.drain((event) => events.push(event));
  const twin = ({ sequence, ...rest }: ReturnType<typeof expected>) => ({
    sequence: BigInt(sequence),
    ...rest,
  });
  assert.deepEqual(events, [0, 1, 2].map((i) => twin(expected(i))));
});

test("Bpf.events() refuses a codec that does not match, naming the field", () => {
  using bpf = loadLibraryObject();
  const Wrong = struct("event", {
    sequence: u64,
    shifted: i64,
    phase: u32,
    pid: u32,
    inner: struct("inner", { kind: u8, count: u32 }),
    low: bits(u32, 5),
    high: bits(u32, 27),
    label: chars(16),
  });
  assert.throws(() => bpf.events("events", Wrong), (error: Error) => {
    assert.ok(error instanceof LayoutError);
    assert.equal(
      error.message,
      'Cannot read events of ring buffer "events": field "phase" is 4 bytes at offset 16 in the ' +
        "codec and 4 bytes at offset 20 in the object",
    );
    return true;
  });
});

test("Bpf.events() refuses a map that is no ring buffer", () => {
  using bpf = loadLibraryObject();
  assert.throws(
    () => bpf.events("counts", u64),
    /Cannot read events from map "counts": it is a HASH map, not a ring buffer/,
  );
});
