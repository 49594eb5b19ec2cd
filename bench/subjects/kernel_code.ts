/**
 * Runs one of ten kernel programs: kernel_code.ts PROGRAM typescript, or PROGRAM OBJECT, an object made by
 * clang.
 */
import { readFileSync } from "node:fs";
import { Bpf, chars, enableStatistics, struct, u32, u64 } from "../../mod.ts";
import {
  comm,
  currentTask,
  hash,
  histogram,
  kernel,
  ktime,
  pid,
  rawTracepoint,
  ringBuffer,
  tid,
  uid,
} from "../../kernel.ts";
import { once } from "node:events";

const Event = struct("event", { time: u64, pid: u32, uid: u32, comm: chars(16) });

const code = kernel({
  maps: {
    counts: hash(chars(16), u64),
    begun: hash(u32, u64),
    seen: hash(u64, u64),
    slots: histogram(),
    events: ringBuffer(Event),
  },
  globals: { total: u64, target: u64 },
}, {
  nothing: rawTracepoint("sys_enter", () => {}),
  counter: rawTracepoint("sys_enter", (_, out) => {
    out.total += 1n;
  }),
  filter: rawTracepoint("sys_enter", ({ args: [x] }, out) => {
    if (out.target !== 0n && x !== out.target) return;
    out.total += 1n;
  }),
  count_by_comm: rawTracepoint("sys_enter", (_, { counts }) => counts.increment(comm())),
  count_by_number: rawTracepoint("sys_enter", ({ args: [x] }, { seen }) => seen.increment(x!)),
  histogram: rawTracepoint("sys_enter", ({ args: [x] }, { slots }) => slots.record(x!)),
  emit: rawTracepoint("sys_enter", (_, { events }) => {
    events.emit({ time: ktime(), pid: pid(), uid: uid(), comm: comm() });
  }),
  latency: rawTracepoint("sys_enter", (_, out) => {
    out.begun.set(tid(), ktime());
    const since = out.begun.get(tid());
    if (since === undefined) return;
    out.total += ktime() - since;
    out.begun.delete(tid());
  }),
  arithmetic: rawTracepoint("sys_enter", ({ args: [a, b] }, out) => {
    let x = a!;
    let y = b!;
    x = x * 31n + y;
    x ^= x >> 7n;
    x += y << 3n;
    y = x / 10n + x % 10n;
    x = x * y ^ y >> 5n;
    x = x > y ? x - y : y - x;
    out.total = x ^ y;
  }),
  loop: rawTracepoint("sys_enter", ({ args: [a] }, out) => {
    let sum = 0n;
    let x = a!;
    for (let i = 0n; i < 64n; i += 1n) {
      x = x * 6364136223846793005n + i;
      if ((x & 1n) !== 0n) sum += x >> 32n;
    }
    out.total = sum;
  }),
  task: rawTracepoint("sys_enter", (_, out) => {
    const task = currentTask();
    out.total = task.real_parent.tgid + task.real_parent.pid + task.tgid;
  }),
});

const RUNS = 20_000;
const [name, side] = process.argv.slice(2) as [string, string];
const programs = Object.fromEntries([...names()].map((each) => [each, each === name]));
using bpf: Bpf = side === "typescript"
  ? Bpf.load(code, { programs, globals: { target: 5n } })
  : Bpf.load(readFileSync(side), { programs });
const program = bpf.program(name);
const values = new BigUint64Array([5n, 7n, 0n, 0n, 0n]);
const context = new Uint8Array(values.buffer);
const stream = name === "emit" ? bpf.events("events", Event) : undefined;
using _statistics = enableStatistics();
const run = (count: number) => {
  for (let i = 0; i < count; i++) {
    program.run({ context });
    if (stream && i % 1000 === 999) stream.skip();
  }
};
run(RUNS / 10);
const before = program.info;
run(RUNS);
const after = program.info;
const ns = (after.runTimeNs - before.runTimeNs) / (after.runCount - before.runCount);
console.log(JSON.stringify({ "ns a run": ns, instructions: after.instructions }));
await once(process.stdin.resume(), "end");

/** The names of the programs, which both the TypeScript module and clang's object have. */
function* names(): Generator<string> {
  yield* ["nothing", "counter", "filter", "count_by_comm", "count_by_number", "histogram"];
  yield* ["emit", "latency", "arithmetic", "loop", "task"];
}
