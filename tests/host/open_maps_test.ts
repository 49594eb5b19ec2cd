/** Maps between opening and loading, and maps of no object. */

import assert from "node:assert/strict";
import { test } from "node:test";
import { BpfError, bytes, createMaps, u32, u64 } from "../../mod.ts";
import { callGetppid } from "../support/calls.ts";
import { isBpfError } from "../support/is_bpf_error.ts";
import { held } from "../support/leftovers.ts";
import { openObject } from "../support/open_object.ts";

test("OpenMap changes what a map is made as", () => {
  using opened = openObject();
  const table = opened.map("table");
  table.type = "LRU_HASH";
  table.maxEntries = 50;
  table.valueSize = 16;
  opened.map("seen").extra = 3n;
  opened.map("outer").autocreate = false;
  using bpf = opened.load();
  const { info, keyCodec, valueCodec } = bpf.map("table", u32, bytes(16));
  assert.deepEqual([info.type, info.maxEntries, info.valueSize], ["LRU_HASH", 50, 16]);
  assert.deepEqual([keyCodec.size, valueCodec.size], [4, 16]);
  // The map was replaced: its declared type no longer applies.
  assert.throws(() => bpf.map("table"), /the object does not declare its value type: pass codecs/);
  assert.throws(() => bpf.mapOfMaps("outer"), /Cannot find map "outer" in object "open": it has /);

  using other = openObject();
  const flagged = other.map("table");
  flagged.flags |= 1;
  assert.equal(flagged.flags, 1);
  using more = other.load();
  assert.equal(more.map("table").info.flags, 1);
  using wrong = openObject();
  assert.throws(() => wrong.map("table").type = "NOTHING" as "HASH", /there is HASH, ARRAY, /);
  assert.throws(() => wrong.map("table").maxEntries = -1, RangeError);
  assert.throws(() => wrong.map("table").valueSize = 1.5, RangeError);
  assert.throws(
    () => wrong.map("table").setInner({ name: "x", fd: more.map("table").fd }),
    /^TypeError: Cannot choose the inner map of map "table": it is a HASH, no map of maps$/,
  );
});

test("inner maps: their size is the object's until it is changed, and maps like them go in", () => {
  const before = held();
  {
    using opened = openObject("on_call");
    opened.program("on_call").type = "TRACEPOINT";
    const outer = opened.map("outer");
    const declared = { type: "ARRAY", keySize: 4, valueSize: 8, maxEntries: 1, flags: 0 };
    assert.deepEqual(outer.inner, declared);
    assert.equal(opened.map("table").inner, undefined);
    outer.setInner({ maxEntries: 5 });
    using bpf = opened.load();
    using maps = createMaps({
      mine: { type: "ARRAY", key: u32, value: u64, maxEntries: 5 },
      short: { type: "ARRAY", key: u32, value: u64, maxEntries: 1 },
    });
    const made = bpf.mapOfMaps("outer", u32);
    const mine = maps.map("mine", u32, u64.asNumber);
    made.set(1, mine);
    assert.equal(made.id(1), mine.info.id);
    assert.throws(() => made.set(2, maps.map("short", u32, u64)), isBpfError("EINVAL"));
    using link = bpf.program("on_call").attachTracepoint("syscalls", "sys_enter_getppid");
    callGetppid(11);
    link.close();
    assert.deepEqual([...mine].map(([, value]) => value), [0, 0, 0, 0, 11]);
  }
  assert.deepEqual(held(), before);
});

test("OpenMap.setInner() says what a map of maps holds by an example", () => {
  using maps = createMaps({
    example: { type: "HASH", key: u32, value: u32, maxEntries: 9 },
    other: { type: "ARRAY", key: u32, value: u32, maxEntries: 9 },
  });
  const example = maps.map("example", u32, u32);
  using opened = openObject();
  const map = opened.map("untold");
  assert.equal(map.inner, undefined);
  assert.throws(() => map.setInner({ maxEntries: 9 }), /type of the maps in "untold" to "": there/);
  map.autocreate = true;
  map.setInner(example);
  assert.throws(() => map.setInner(example), isBpfError("EINVAL", "it was chosen already"));
  using bpf = opened.load();
  const untold = bpf.mapOfMaps("untold", u32).set(0, example);
  assert.equal(untold.id(0), example.info.id);
  assert.throws(() => untold.set(1, maps.map("other", u32, u32)), isBpfError("EINVAL"));
});

test("OpenMap.reuse() shares a map that is open", () => {
  using maps = createMaps({
    shared: { type: "HASH", key: u32, value: u64, maxEntries: 77 },
    wrong: { type: "HASH", key: u64, value: u64, maxEntries: 77 },
  });
  using opened = openObject();
  assert.throws(
    () => opened.map("table").reuse(maps.map("wrong", u64, u64)),
    isBpfError("EINVAL", "expected a HASH map with keys of 4 bytes"),
  );
  opened.map("table").reuse(maps.map("shared", u32, u64));
  using bpf = opened.load();
  maps.map("shared", u32, u64).set(3, 33n);
  assert.deepEqual([...bpf.map("table", u32, u64)], [[3, 33n]]);
  assert.equal(bpf.map("table").maxEntries, 77);
});

test("createMaps() makes maps of many kinds, all or none", () => {
  const before = held();
  {
    using maps = createMaps({
      queue: { type: "QUEUE", value: u64, maxEntries: 3 },
      cpus: { type: "PERCPU_HASH", key: u32, value: u64, maxEntries: 3 },
      ring: { type: "RINGBUF", maxEntries: 65536 },
    });
    assert.deepEqual(maps.mapNames, ["queue", "cpus", "ring"]);
    maps.queue("queue", u64).push(5n);
    assert.equal(maps.queue("queue", u64).pop(), 5n);
    assert.deepEqual([...maps.perCpuMap("cpus", u32, u64).keys()], []);
    assert.throws(() => maps.map("queue"), /open it with queue\(\)/);
    assert.throws(() => maps.map("nothing"), /among what was made: there is queue, cpus, ring/);
    maps.close();
    assert.throws(() => maps.queue("queue"), /Cannot use map "queue": it is closed/);
  }
  assert.deepEqual(held(), before);
  const good = { type: "HASH", key: u32, value: u64, maxEntries: 3 } as const;
  assert.throws(
    () => createMaps({ good, bad: { ...good, type: "RINGBUF", maxEntries: 5 } }),
    isBpfError("EINVAL", "a power of two and a multiple of the page size"),
  );
  assert.throws(() => createMaps({ good, bad: { ...good, maxEntries: 1.5 } }), RangeError);
  assert.throws(
    () => createMaps({ good, bad: { ...good, type: "X" as "HASH" } }),
    /Cannot make map "bad" of type "X": there is HASH, /,
  );
  assert.throws(
    () => createMaps({ good, bad: { type: "HASH_OF_MAPS", key: u32, maxEntries: 3 } }),
    BpfError,
  );
  assert.deepEqual(held(), before);
});
