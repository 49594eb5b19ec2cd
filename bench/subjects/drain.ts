/** Reading events: drain.ts OBJECT ring|perf open|small|tool|deep decoded|several|view|count */
import { readFileSync } from "node:fs";
import { Bpf, type Codec } from "../../mod.ts";
import { events, readOthers } from "./drain_events.ts";
import { report, runner } from "./test_run.ts";

const EVENTS_PER_RUN = 512;

interface Figures {
  count: number;
  sum: number;
  letters: number;
}

const seen: Figures = { count: 0, sum: 0, letters: 0 };

/** The callbacks for decoded events: they do next to nothing, so decoding is what is measured. */
const decoded = {
  open(event: { pid: number; comm: string; path: string }) {
    seen.sum += event.pid;
    seen.letters += event.comm.length + event.path.length;
  },
  small(event: { pid: number; bytes: number }) {
    seen.sum += event.pid + event.bytes;
  },
  tool(event: { who: { pid: number; comm: string }; text: string }) {
    seen.sum += event.who.pid;
    seen.letters += event.who.comm.length + event.text.length;
  },
  deep(event: { places: { bytes: number }[]; slots: number[] }) {
    seen.sum += event.places[1]!.bytes + event.slots[7]!;
  },
};

/** The callbacks for views: they read two members, as a filter or a sum does. */
const viewed = {
  open(event: { pid: number; ret: number }) {
    seen.sum += event.pid + event.ret;
  },
  small(event: { pid: number; bytes: number }) {
    seen.sum += event.pid + event.bytes;
  },
  tool(event: { ret: number; flags: number }) {
    seen.sum += event.ret + event.flags;
  },
  deep(event: { time: number; slots: number[] }) {
    seen.sum += event.time + event.slots[7]!;
  },
};

const [object, buffer, kind, mode] = process.argv.slice(2) as [
  string,
  string,
  keyof typeof events,
  string,
];
const lazy = mode === "view" || mode === "count";
const codec = lazy ? events[kind].asView : events[kind];
const take = (lazy ? viewed : decoded)[kind];
if (mode === "several") readOthers();
// Fewer rounds for a perf buffer: filling it, which is not measured, takes the kernel 5 us an
// event.
const [ROUNDS, RUNS] = buffer === "perf" ? [7, 100] : [40, 200];

using bpf = Bpf.load(readFileSync(object!));
const run = runner(bpf.program(`${buffer}_${kind}`));
const options = buffer === "perf" ? { pages: 8192 } : undefined;
using stream = bpf.events(buffer, codec as Codec<never>, options);
const rates: number[] = [];
for (let round = 0; round < ROUNDS; round++) {
  for (let i = 0; i < RUNS; i++) run(i * EVENTS_PER_RUN);
  const start = performance.now();
  const count = mode === "count" ? stream.skip() : stream.drain(take);
  rates.push(count / (performance.now() - start) / 1000);
  seen.count += count;
}
if (seen.count !== ROUNDS * RUNS * EVENTS_PER_RUN) throw new Error("events are missing");
await report("M events/s", rates);
