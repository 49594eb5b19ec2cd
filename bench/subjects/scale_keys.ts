/** Does what syscount does at the end of an interval, with KEYS keys: scale_keys.ts OBJECT KEYS */
import { readFileSync } from "node:fs";
import { Bpf, struct, sum, u32, u64 } from "../../mod.ts";
import { runner } from "./test_run.ts";

const KEYS_PER_RUN = 500;
const SHOWN = 10;
const ROUNDS = 3;

const Key = struct("entry_key", { pid: u32, id: u32 });
const Value = struct("entry_value", { count: u64.asNumber, bytes: u64.asNumber });

const [object, count] = process.argv.slice(2) as [string, string];
const wanted = Number(count);
using bpf = Bpf.load(readFileSync(object));
const run = runner(bpf.program("fill_per_cpu"));
const map = bpf.perCpuMap("per_cpu", Key, Value);

const times: number[] = [], cpuTimes: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  for (let first = 0; first < wanted; first += KEYS_PER_RUN) run(first);
  const start = performance.now();
  const before = process.cpuUsage();
  const rows = map.lookupAndDeleteAll()
    .map(([key, values]) => ({ key, count: sum(values.map((value) => value.count)) }))
    .toArray()
    .sort((a, b) => b.count - a.count);
  const shown = rows.slice(0, SHOWN);
  times.push(performance.now() - start);
  const { user, system } = process.cpuUsage(before);
  cpuTimes.push(user + system);
  if (rows.length !== wanted || shown[0]!.key.pid !== wanted - 1) {
    throw new Error(`${rows.length} of ${wanted} keys were read`);
  }
}
console.log(JSON.stringify({
  "report and end, ms": Math.min(...times),
  "CPU for each, us": Math.min(...cpuTimes) / wanted,
  "at most, MiB": process.resourceUsage().maxRSS / 1024,
}));
