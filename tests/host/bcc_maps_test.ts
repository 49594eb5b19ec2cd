// Not in guests: libbcc takes 20 s and more for each compile under emulation.
import assert from "node:assert/strict";
import { test } from "node:test";
import {
  average,
  Bpf,
  ipv4,
  log2Lines,
  lpmKey,
  max,
  min,
  possibleCpus,
  sum,
  u16,
  u32,
  u64,
} from "../../mod.ts";
import { isBpfError } from "../support/is_bpf_error.ts";

/**
 * Every macro for maps with plain values, with every number of arguments. Only BPF_LPM_TRIE always
 * has the third argument: without it the key is a u64, which kernels since 4.18 refuse.
 */
const PLAIN = `
struct key_t { u32 id; char name[12]; };
struct prefix_t { u32 bits; u8 address[4]; };
BPF_HASH(hash1);
BPF_HASH(hash2, u32);
BPF_HASH(hash3, struct key_t, u32);
BPF_HASH(hash4, u32, u16, 7);
BPF_ARRAY(array1);
BPF_ARRAY(array2, u32);
BPF_ARRAY(array3, struct key_t, 5);
BPF_HISTOGRAM(hist1);
BPF_HISTOGRAM(hist2, struct key_t);
BPF_HISTOGRAM(hist3, int, 9);
BPF_PERCPU_HASH(perhash1);
BPF_PERCPU_HASH(perhash4, u32, u32, 7);
BPF_PERCPU_ARRAY(perarray1);
BPF_PERCPU_ARRAY(perarray3, u32, 3);
BPF_TABLE("lru_hash", u32, u64, lru, 16);
BPF_TABLE("lru_percpu_hash", u32, u64, lruper, 16);
BPF_F_TABLE("hash", u32, u64, lazy, 11, BPF_F_NO_PREALLOC);
BPF_LPM_TRIE(trie4, struct prefix_t, u32, 13);
BPF_QUEUE(queue3, u64, 4);
BPF_STACK(stack4, u32, 5, 0);
int nothing(void *ctx) { return 0; }`;

let plain: Bpf | undefined;
/** The object is compiled once for all tests below, and released at the end of the process. */
const plainMaps = () => plain ??= Bpf.compile(PLAIN);

test("compiled maps: each macro declares its kind, sizes and number of entries", () => {
  const bpf = plainMaps();
  const cpus = (name: string) => bpf.perCpuMap(name);
  const one = (name: string) => bpf.map(name);
  const expected = [
    [one, "hash1", "HASH", 10240],
    [one, "hash2", "HASH", 10240],
    [one, "hash3", "HASH", 10240],
    [one, "hash4", "HASH", 7],
    [one, "array1", "ARRAY", 10240],
    [one, "array2", "ARRAY", 10240],
    [one, "array3", "ARRAY", 5],
    [one, "hist1", "ARRAY", 64],
    [one, "hist2", "HASH", 64],
    [one, "hist3", "ARRAY", 9],
    [cpus, "perhash1", "PERCPU_HASH", 10240],
    [cpus, "perhash4", "PERCPU_HASH", 7],
    [cpus, "perarray1", "PERCPU_ARRAY", 10240],
    [cpus, "perarray3", "PERCPU_ARRAY", 3],
    [one, "lru", "LRU_HASH", 16],
    [cpus, "lruper", "LRU_PERCPU_HASH", 16],
    [one, "lazy", "HASH", 11],
    [one, "trie4", "LPM_TRIE", 13],
  ] as const;
  for (const [open, name, type, entries] of expected) {
    const map = open(name);
    assert.deepEqual([map.name, map.type, map.maxEntries], [name, type, entries]);
  }
  assert.deepEqual([bpf.queue("queue3").maxEntries, bpf.queue("stack4").maxEntries], [4, 5]);
});

test("compiled maps: codecs come from the C types, entries are read and written", () => {
  const bpf = plainMaps();
  const keys = bpf.map("hash3");
  const key = (id: number) => ({ id, name: `name ${id}` });
  keys.setAll([1, 2, 3].map((id) => [key(id), id * 10]));
  assert.equal(keys.get(key(2)), 20);
  assert.equal(keys.has(key(4)), false);
  assert.equal(keys.delete(key(1)), true);
  assert.equal(keys.delete(key(1)), false);
  const sorted = [...keys.keys()].map((found) => (found as { id: number }).id).sort();
  assert.deepEqual(sorted, [2, 3]);
  assert.deepEqual([...keys.values()].sort(), [20, 30]);
  assert.equal([...keys].length, 2);
  assert.equal(keys.lookupAndDelete(key(2)), 20);
  assert.equal(keys.deleteAll([key(3), key(9)]), 1);
  keys.setAll([[key(5), 50], [key(6), 60]]);
  assert.equal([...keys.lookupAndDeleteAll()].length, 2);
  keys.set(key(7), 1).clear();
  assert.deepEqual([...keys], []);

  const small = bpf.map("hash4", u32, u16);
  for (let i = 0; i < 7; i++) small.set(i, i);
  assert.throws(() => small.set(7, 7), isBpfError("E2BIG", "it has room for 7 entries"));
  assert.throws(() => small.set(1, 1, "create"), isBpfError("EEXIST"));
  const slots = bpf.map("array3");
  slots.set(4, key(4));
  assert.deepEqual(slots.get(4), key(4));
  slots.clear();
  assert.deepEqual(slots.get(4), { id: 0, name: "" });
});

test("compiled maps: per-CPU values, their sum, largest, smallest and mean", () => {
  const bpf = plainMaps();
  const counts = bpf.perCpuMap("perhash4", u32, u32);
  const values = Array.from({ length: possibleCpus() }, (_, cpu) => 7 + cpu);
  counts.set(3, values);
  assert.deepEqual([...counts], [[3, values]]);
  const last = 6 + possibleCpus();
  assert.deepEqual([min(values), max(values)], [7, last]);
  assert.equal(sum(counts.get(3)!), average(values) * values.length);
  bpf.perCpuMap("lruper", u32, u64).set(1, values.map(BigInt));
  bpf.perCpuMap("perarray3").set(2, values);
  assert.deepEqual(bpf.perCpuMap("perarray3").get(2), values);
});

test("compiled maps: histograms, tries, queues and stacks", () => {
  const bpf = plainMaps();
  const slots = bpf.map("hist1", u32, u64.asNumber);
  slots.set(3, 5);
  assert.match(log2Lines(slots).at(-1)!, /^ +4 -> 7 +: 5 +\|\*{40}\|$/);
  const trie = bpf.map("trie4", lpmKey(ipv4), u32);
  trie.set({ prefix: "10.0.0.0", bits: 8 }, 8).set({ prefix: "10.2.0.0", bits: 16 }, 16);
  assert.equal(trie.get({ prefix: "10.2.3.4", bits: 32 }), 16);
  assert.equal(trie.get({ prefix: "10.3.3.4", bits: 32 }), 8);
  const [queue, stack] = [bpf.queue("queue3", u64.asNumber), bpf.queue("stack4", u32)];
  for (const value of [1, 2, 3, 4]) queue.push(value), stack.push(value);
  assert.throws(() => queue.push(5), isBpfError("E2BIG"));
  queue.push(5, { replaceOldest: true });
  assert.deepEqual([queue.peek(), queue.pop(), stack.peek(), stack.pop()], [2, 2, 4, 4]);
});
