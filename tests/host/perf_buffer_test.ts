import assert from "node:assert/strict";
import { test } from "node:test";
import { onlineCpus } from "../../bpf/base/cpus.ts";
import { chars, LayoutError, struct, u32, u64 } from "../../mod.ts";
import { callGetppid } from "../support/calls.ts";
import { attachToCalls, loadKindsObject, onEachCpu } from "../support/kinds.ts";
import { held } from "../support/leftovers.ts";
import { iteratesAsTheyCome } from "../support/streams.ts";

const Sample = struct("sample", {
  sequence: u64.asNumber,
  time: u64,
  cpu: u32,
  label: chars(20),
});

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i);

test("EventStream.drain() hands over every event of a perf buffer, typed", () => {
  using bpf = loadKindsObject();
  using stream = bpf.events("samples", Sample);
  attachToCalls(bpf);
  callGetppid(1009);
  const events: { sequence: number; label: string }[] = [];
  assert.equal(stream.drain((event) => events.push(event)), 1009);
  const sequences = events.map(({ sequence }) => sequence).sort((a, b) => a - b);
  assert.deepEqual(sequences, upTo(1009));
  assert.ok(events.every(({ label }) => label === "prime"));
  assert.equal(stream.drain(() => assert.fail("there is nothing left")), 0);
  assert.equal(stream.dropped, 0);
});

test("a perf buffer reads records that go around the end of its ring", () => {
  using bpf = loadKindsObject();
  using stream = bpf.events("samples", Sample, { pages: 1 });
  attachToCalls(bpf);
  const last = onlineCpus().at(-1)!;
  let next = 0;
  onEachCpu([last], () => {
    for (let round = 0; round < 997; round++) {
      callGetppid(7);
      stream.drain((event) => {
        assert.equal(event.sequence, next++);
        assert.equal(event.cpu, last);
        assert.equal(event.label, "prime");
      });
    }
  });
  assert.equal(next, 997 * 7);
  assert.equal(stream.dropped, 0);
});

test("EventStream.dropped counts exactly what a perf buffer had no room for", () => {
  using bpf = loadKindsObject();
  const stream = bpf.events("samples", Sample, { pages: 1 });
  attachToCalls(bpf);
  onEachCpu(onlineCpus(), () => callGetppid(503));
  const got = stream.drain(() => {});
  const sent = 503 * onlineCpus().length;
  assert.ok(got > 0 && got < sent, `${got} events fit`);
  assert.equal(stream.dropped, sent - got);
  assert.equal(bpf.global("refused", u64.asNumber).value, sent - got);
  stream.close();
  assert.equal(stream.dropped, sent - got);
});

test("a perf buffer's loss records are skipped, and do not count twice", () => {
  using bpf = loadKindsObject();
  using stream = bpf.events("samples", Sample, { pages: 1 });
  attachToCalls(bpf);
  let got = 0;
  onEachCpu([onlineCpus()[0]!], () => {
    for (let round = 0; round < 31; round++) {
      callGetppid(211);
      got += stream.drain(() => {});
    }
  });
  assert.ok(got > 31 && got < 31 * 211, `${got} events fit`);
  assert.equal(stream.dropped, 31 * 211 - got);
});

for (const ordered of [true, false]) {
  test(`a perf buffer gives events in the order of ${ordered ? "time" : "CPUs"}`, () => {
    using bpf = loadKindsObject();
    using stream = bpf.events("samples", Sample, { ordered });
    attachToCalls(bpf);
    const cpus = onlineCpus();
    const rounds = upTo(101).flatMap(() => cpus);
    onEachCpu(rounds, () => callGetppid(3));
    const events: { sequence: number; cpu: number }[] = [];
    stream.drain((event) => events.push(event));
    const count = 101 * 3 * cpus.length;
    assert.equal(events.length, count);
    const byCpu = cpus.flatMap((cpu) => events.filter((event) => event.cpu === cpu));
    const sequences = events.map(({ sequence }) => sequence);
    assert.deepEqual(sequences, ordered ? upTo(count) : byCpu.map(({ sequence }) => sequence));
    assert.equal(stream.dropped, 0);
  });

  const order = ordered ? "in order of time" : "unordered";
  test(`EventStream.drain() stops at its limit and goes on there, ${order}`, () => {
    using bpf = loadKindsObject();
    using stream = bpf.events("samples", Sample, { ordered });
    attachToCalls(bpf);
    onEachCpu(onlineCpus(), () => callGetppid(31));
    const count = 31 * onlineCpus().length;
    const seen: number[] = [];
    assert.equal(stream.drain((event) => seen.push(event.sequence), 13), 13);
    assert.equal(stream.drain((event) => seen.push(event.sequence), 29), Math.min(29, count - 13));
    while (stream.drain((event) => seen.push(event.sequence), 7) > 0);
    assert.deepEqual(seen.sort((a, b) => a - b), upTo(count));
  });

  test(`EventStream.skip() counts events and takes them, as many as it may, ${order}`, () => {
    using bpf = loadKindsObject();
    using stream = bpf.events("samples", Sample, { ordered });
    attachToCalls(bpf);
    onEachCpu(onlineCpus(), () => callGetppid(31));
    assert.equal(stream.skip(13), 13);
    assert.equal(stream.drain(() => {}, 5), 5);
    assert.equal(stream.skip(), 31 * onlineCpus().length - 18);
    assert.equal(stream.skip(), 0);
  });

  test(`EventStream.drain() survives a callback that throws or closes, ${order}`, () => {
    using bpf = loadKindsObject();
    const stream = bpf.events("samples", Sample, { ordered });
    attachToCalls(bpf);
    onEachCpu([onlineCpus()[0]!], () => callGetppid(5));
    const enough = ({ sequence }: { sequence: number }) => {
      if (sequence === 2) throw new Error("enough");
    };
    assert.throws(() => stream.drain(enough), /enough/);
    assert.equal(stream.drain((event) => assert.equal(event.sequence, 3), 1), 1);
    assert.equal(stream.drain(() => stream.close()), 1);
    assert.equal(stream.drain(() => assert.fail("it is closed")), 0);
  });
}

test("EventStream iterates over a perf buffer, and leaves nothing behind", async () => {
  const before = held();
  {
    using bpf = loadKindsObject();
    const stream = bpf.events("samples", Sample, { ordered: true });
    attachToCalls(bpf);
    await iteratesAsTheyCome(stream);
  }
  assert.deepEqual(held(), before);
});

test("EventStream.wait() comes back for each event of a perf buffer, on every CPU", async () => {
  using bpf = loadKindsObject();
  using stream = bpf.events("samples", Sample);
  attachToCalls(bpf);
  for (const cpu of upTo(29).flatMap(() => onlineCpus())) {
    const pending = stream.wait();
    onEachCpu([cpu], () => callGetppid(1));
    let got = 0;
    // A late wake-up may be for an event that drain() has read already: then wait again.
    for (let wait = pending;; wait = stream.wait()) {
      assert.equal(await wait, true);
      got += stream.drain((event) => assert.equal(event.cpu, cpu));
      if (got > 0) break;
    }
    assert.equal(got, 1);
  }
});

test("a perf buffer with a wake-up count wakes when so many events are there", async () => {
  using bpf = loadKindsObject();
  using stream = bpf.events("samples", Sample, { wakeup: 13 });
  attachToCalls(bpf);
  onEachCpu([onlineCpus()[0]!], () => callGetppid(12));
  const timer = Promise.withResolvers<string>();
  // A wrong wake-up would come at once, so 20 ms of silence are enough.
  const early = setTimeout(() => timer.resolve("quiet"), 20);
  const wait = stream.wait().then(() => "woken");
  assert.equal(await Promise.race([wait, timer.promise]), "quiet");
  onEachCpu([onlineCpus()[0]!], () => callGetppid(1));
  assert.equal(await wait, "woken");
  clearTimeout(early);
  assert.equal(stream.drain(() => {}), 13);
});

/** Limits a wait to 30 s, so that the test fails instead of hanging. */
async function inTime<T>(promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error("nothing woke the stream")), 30_000);
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

for (const options of [{}, { ordered: true }, { wakeup: 13 }]) {
  const how = JSON.stringify(options);
  test(`EventStream.wait() sees what a perf buffer held before the wait, ${how}`, async () => {
    using bpf = loadKindsObject();
    using stream = bpf.events("samples", Sample, options);
    attachToCalls(bpf);
    const count = options.wakeup ?? 1;
    // Three rounds: the first wait, a later one, and one after drain().
    for (let round = 0; round < 3; round++) {
      onEachCpu([onlineCpus()[0]!], () => callGetppid(count));
      assert.equal(await inTime(stream.wait()), true);
      let got = 0;
      while (got < count) got += stream.drain(() => {});
      assert.equal(got, count);
    }
    // As many events as a wake-up takes, but all but one are read before.
    onEachCpu([onlineCpus()[0]!], () => callGetppid(count - 1));
    assert.equal(stream.drain(() => {}), count - 1);
    onEachCpu([onlineCpus()[0]!], () => callGetppid(1));
    assert.equal(await inTime(stream.wait()), true);
    assert.equal(stream.drain(() => {}), 1);
  });
}

test("a perf buffer's loop gets an event that comes while it deals with another", async () => {
  using bpf = loadKindsObject();
  using stream = bpf.events("samples", Sample);
  attachToCalls(bpf);
  callGetppid(1);
  const seen: number[] = [];
  await inTime((async () => {
    for await (const { sequence } of stream) {
      seen.push(sequence);
      if (seen.length === 7) break;
      callGetppid(1);
      // A waiting thread then gets the wake-up of this event before the stream waits again.
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  })());
  assert.deepEqual(seen, upTo(7));
});

test("Bpf.events() checks the codec of a perf buffer against what it declares, or by name", () => {
  using bpf = loadKindsObject();
  const Wrong = struct("sample", { sequence: u64, cpu: u32, time: u64, label: chars(20) });
  const message = /events of (?:perf|ring) buffer "\w+": (?:field "cpu" is|the type has) /;
  for (const name of ["samples", "untold", "untold_ring"]) {
    assert.throws(
      () => bpf.events(name, Wrong),
      (error: Error) => error instanceof LayoutError && message.test(error.message),
    );
  }
  const Stranger = struct("stranger", { sequence: u64 });
  const advice = (name: string, struct: string, other: string) =>
    new RegExp(
      `"${name}": .*: add "__type\\(value, struct ${struct}\\);" to the map's definition, or ${other}$`,
    );
  for (const name of ["untold", "untold_ring"]) {
    assert.throws(() => bpf.events(name), advice(name, "event", "pass a codec"));
    assert.throws(
      () => bpf.events(name, Stranger, { strict: true }),
      advice(name, "stranger", "leave .* out"),
    );
    bpf.events(name, Stranger).close();
    bpf.events(name, Sample, { strict: true }).close();
  }
});

test("EventStream reads a ring buffer that does not say what it holds, by a codec of that name", () => {
  using bpf = loadKindsObject();
  attachToCalls(bpf);
  using stream = bpf.events("untold_ring", Sample);
  callGetppid(5);
  const seen: number[] = [];
  stream.drain(({ sequence }) => seen.push(sequence));
  assert.deepEqual(seen, upTo(5));
});

test("Bpf.events() makes a perf buffer's codec from BTF, and finds a struct by its name", () => {
  using bpf = loadKindsObject();
  using declared = bpf.events("samples");
  using named = bpf.events("untold", Sample);
  using ring = bpf.events("untold_ring", Sample);
  attachToCalls(bpf);
  callGetppid(1);
  assert.equal(ring.drain((event) => assert.equal(event.label, "prime")), 1);
  declared.drain((event) => assert.equal(event.sequence, 0n));
  assert.equal(named.drain((event) => assert.equal(event.label, "prime")), 1);
});

test("Bpf.events() refuses a second reader of a perf buffer while there is one", () => {
  using bpf = loadKindsObject();
  const stream = bpf.events("samples", Sample);
  assert.throws(() => bpf.events("samples", Sample), /perf buffer "samples": it is open already/);
  stream.close();
  bpf.events("samples", Sample).close();
});

test("Bpf.events() refuses sizes that no perf buffer has", () => {
  using bpf = loadKindsObject();
  for (const pages of [0, 3, 1.5, -1, NaN]) {
    assert.throws(
      () => bpf.events("samples", Sample, { pages }),
      /Cannot open perf buffer "samples" with \S+ pages: expected a power of two/,
    );
  }
  assert.throws(() => bpf.events("samples", Sample, { wakeup: 0 }), /wakeup 0: expected 1 or more/);
});
