import assert from "node:assert/strict";
import { existsSync, mkdtempSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import {
  average,
  BpfError,
  chars,
  log2Lines,
  max,
  min,
  possibleCpus,
  struct,
  sum,
  u32,
  u64,
  unpin,
} from "../../mod.ts";
import { loadLibraryObject } from "../support/calls.ts";
import { isBpfError } from "../support/is_bpf_error.ts";
import { loadKindsObject } from "../support/kinds.ts";

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
  assert.throws(() => slots.setAll([[7, 1]]), isBpfError("E2BIG"));
  assert.throws(() => slots.deleteAll([1]), isBpfError("EINVAL"));
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
      assert.throws(() => library.map("slots").pin(path("none/slots")), isBpfError("ENOENT"));
      assert.throws(() => library.map("slots").pin("/proc/slots"), BpfError);
    }
    using later = loadLibraryObject({ maps: { counts: { pinned: path("counts") } } });
    assert.equal(later.map("counts", Key, u64).get(key(3)), 33n);
    for (const name of ["counts", "program", "link"]) {
      assert.ok(existsSync(path(name)));
      unpin(path(name));
      assert.throws(() => unpin(path(name)), isBpfError("ENOENT"));
    }
  } finally {
    for (const name of ["counts", "program", "link"]) if (existsSync(path(name))) unpin(path(name));
    rmdirSync(folder);
  }
});
