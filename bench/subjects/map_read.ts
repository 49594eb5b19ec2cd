/** Reading a hash: map_read.ts OBJECT ENTRIES read|view|take|get|per-cpu */
import { readFileSync } from "node:fs";
import { Bpf, struct, u32, u64 } from "../../mod.ts";
import { report, runner } from "./test_run.ts";

const ROUNDS = 3;
const ENTRIES_PER_RUN = 500;

const Key = struct("entry_key", { pid: u32, id: u32 });
const Value = struct("entry_value", { count: u64.asNumber, bytes: u64.asNumber });

const [object, count, way] = process.argv.slice(2) as [string, string, string];
const wanted = Number(count);
using bpf = Bpf.load(readFileSync(object));
const isPerCpu = way === "per-cpu";
const run = runner(bpf.program(isPerCpu ? "fill_per_cpu" : "fill"));

let entries = 0, sum = 0;
function take(key: { pid: number; id: number }, value: { count: number; bytes: number }): void {
  entries++;
  sum += key.pid + key.id + value.count + value.bytes;
}

const map = way === "view"
  ? bpf.map("entries", Key.asView, Value.asView)
  : bpf.map("entries", Key, Value);
const perCpu = bpf.perCpuMap("per_cpu", Key, Value);

/** The works: each function reads all entries once. */
const WAYS: Readonly<Record<string, () => void>> = {
  read() {
    for (const [key, value] of map) take(key, value);
  },
  take() {
    for (const [key, value] of map.lookupAndDeleteAll()) take(key, value);
  },
  get() {
    for (let i = 0; i < wanted; i++) {
      const key = { pid: i, id: 7 };
      take(key, map.get(key)!);
    }
  },
  "per-cpu"() {
    for (const [key, values] of perCpu) {
      entries++;
      sum += key.pid + key.id;
      for (const { count, bytes } of values) sum += count + bytes;
    }
  },
};
const readAll = WAYS[way === "view" ? "read" : way]!;

const rates: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  if (round === 0 || way === "take") {
    for (let first = 0; first < wanted; first += ENTRIES_PER_RUN) run(first);
  }
  const start = performance.now();
  readAll();
  rates.push(wanted / (performance.now() - start) / 1000);
}
if (entries !== ROUNDS * wanted || sum === 0) throw new Error("entries are missing");
await report("M entries/s", rates);
