import assert from "node:assert/strict";
import { test } from "node:test";
import { BpfError, chars, LayoutError, possibleCpus, struct, u32, u64, u8 } from "../../mod.ts";
import { callGetppid, loadLibraryObject } from "../support/calls.ts";

const Key = struct("key", { remainder: u32, label: chars(16) });

test("BpfMap iterates a hash that programs fill", () => {
  using bpf = loadLibraryObject({ globals: { label: "mine" } });
  bpf.attach();
  callGetppid(1009);
  const counts = bpf.map("counts", Key, u64.asNumber);
  const entries = [...counts].sort(([a], [b]) => a.remainder - b.remainder);
  const twin = [202, 202, 202, 202, 201].map((count, remainder) => [
    { remainder, label: "mine" },
    count,
  ]);
  assert.deepEqual(entries, twin);
  assert.equal(counts.get({ remainder: 4, label: "mine" }), 201);
  assert.equal(counts.get({ remainder: 4, label: "others" }), undefined);
});

test("BpfMap makes codecs from BTF when it is given none", () => {
  using bpf = loadLibraryObject({ globals: { label: "mine" } });
  bpf.attach();
  callGetppid(1);
  assert.deepEqual([...bpf.map("counts")], [[{ remainder: 0, label: "mine" }, 1n]]);
});

test("BpfMap gets, sets, deletes and clears the entries of a hash", () => {
  using bpf = loadLibraryObject();
  const counts = bpf.map("counts", Key, u64);
  const key = (remainder: number) => ({ remainder, label: "x" });
  assert.equal(counts.set(key(1), 5n).set(key(2), 7n).get(key(1)), 5n);
  assert.equal(counts.has(key(2)), true);
  assert.equal(counts.delete(key(2)), true);
  assert.equal(counts.delete(key(2)), false);
  assert.equal(counts.has(key(2)), false);
  assert.throws(() => counts.set(key(1), 6n, "create"), /EEXIST.*the key exists already/);
  assert.throws(() => counts.set(key(2), 6n, "exist"), /ENOENT.*there is no such key/);
  counts.clear();
  assert.deepEqual([...counts.keys()], []);
});

test("BpfMap reads more entries than one batch holds, each once", () => {
  using bpf = loadLibraryObject();
  const counts = bpf.map("counts", Key, u64.asNumber);
  for (let i = 0; i < 10007; i++) counts.set({ remainder: i, label: "" }, i * 2);
  const seen = new Map([...counts].map(([key, value]) => [key.remainder, value]));
  assert.equal(seen.size, 10007);
  for (const [remainder, value] of seen) assert.equal(value, remainder * 2);
  assert.throws(
    () => counts.set({ remainder: 99999, label: "" }, 1),
    (error: Error) =>
      error instanceof BpfError && error.code === "E2BIG" &&
      error.message.endsWith("it is full: it has room for 10007 entries"),
  );
});

test("BpfMap treats an array as the numbers below its size", () => {
  using bpf = loadLibraryObject();
  bpf.attach();
  callGetppid(101);
  const slots = bpf.map("slots", u32, u64.asNumber);
  assert.deepEqual([...slots], [15, 15, 15, 14, 14, 14, 14].map((count, i) => [i, count]));
  assert.equal(slots.get(7), undefined);
  assert.throws(() => slots.set(7, 1), /E2BIG.*its keys go from 0 to 6/);
  assert.throws(() => slots.delete(0), /EINVAL.*entries of an array cannot be removed/);
  slots.clear();
  assert.deepEqual([...slots.values()], [0, 0, 0, 0, 0, 0, 0]);
});

test("Bpf.perCpuMap() gives one value per possible CPU", () => {
  using bpf = loadLibraryObject();
  bpf.attach();
  callGetppid(1009);
  const array = bpf.perCpuMap("per_cpu", u32, u32);
  const values = array.get(1)!;
  assert.equal(values.length, possibleCpus());
  assert.equal(values.reduce((sum, value) => sum + value), 1009);
  assert.deepEqual([...array.keys()], [0, 1, 2]);

  const hash = bpf.perCpuMap("per_cpu_hash", u32, struct("inner", { kind: u8, count: u32 }));
  const written = Array.from({ length: possibleCpus() }, (_, cpu) => ({ kind: cpu, count: 9 }));
  assert.deepEqual(hash.set(3, written).get(3), written);
  assert.throws(() => hash.set(3, []), /Cannot write 0 values: expected \d+, one per CPU/);
});

test("BpfMap serves an LRU hash", () => {
  using bpf = loadLibraryObject();
  bpf.attach();
  callGetppid(1);
  const recent = bpf.map("recent", u32, u32);
  assert.deepEqual([...recent], [[1, process.pid]]);
  for (let i = 0; i < 1000; i++) recent.set(i, i);
  const left = [...recent.keys()].length;
  assert.ok(left > 0 && left <= 128, `${left} entries are left`);
});

test("Bpf.map() checks codecs against the object's BTF", () => {
  using bpf = loadLibraryObject();
  assert.throws(
    () => bpf.map("counts", struct("key", { label: chars(16), remainder: u32 }), u64),
    (error: Error) =>
      error instanceof LayoutError &&
      /keys of map "counts": field "label" is 16 bytes at offset 0 in the codec and 16 bytes at offset 4/
        .test(error.message),
  );
  assert.throws(
    () => bpf.map("counts", Key, u32),
    /values of map "counts": the type has 4 bytes in the codec and 8 in the object/,
  );
  assert.throws(() => bpf.map("per_cpu", u32, u32), /PERCPU_ARRAY map: open it with perCpuMap/);
  assert.throws(() => bpf.perCpuMap("slots", u32, u64), /ARRAY map: open it with map/);
  assert.throws(() => bpf.map("nothing"), /Cannot find map "nothing" in object "library": it has /);
});
