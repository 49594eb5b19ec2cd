/** Reading a hash: map_read.ts OBJECT ENTRIES */
import { readFileSync } from "node:fs";
import { Bpf, struct, u32, u64 } from "../../mod.ts";
import { report, runner } from "./test_run.ts";

const ROUNDS = 3;
const ENTRIES_PER_RUN = 500;

const Key = struct("entry_key", { pid: u32, id: u32 });
const Value = struct("entry_value", { count: u64.asNumber, bytes: u64.asNumber });

const [object, count] = process.argv.slice(2);
const wanted = Number(count);
using bpf = Bpf.load(readFileSync(object!));
const run = runner(bpf.program("fill"));
for (let first = 0; first < wanted; first += ENTRIES_PER_RUN) run(first);
const map = bpf.map("entries", Key, Value);

const rates: number[] = [];
let entries = 0, sum = 0;
for (let round = 0; round < ROUNDS; round++) {
  const start = performance.now();
  for (const [key, value] of map) {
    entries++;
    sum += key.pid + key.id + value.count + value.bytes;
  }
  rates.push(wanted / (performance.now() - start) / 1000);
}
if (entries !== ROUNDS * wanted || sum === 0) throw new Error("entries are missing");
await report("M entries/s", rates);
