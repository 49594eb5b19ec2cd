/** Fills a perf buffer and reads it, many times; tells how many events a second it read. */
import { once } from "node:events";
import { Bpf, chars, struct, u32, u64 } from "../../mod.ts";
import { callGetppid } from "../../tests/support/calls.ts";

const ROUNDS = 100;
const EVENTS = 10_000;

const Event = struct("event", { time: u64, pid: u32, number: u32, comm: chars(16) });

using bpf = Bpf.compile(
  { file: `${import.meta.dirname}/perf_buffer.c` },
  { headers: "btf", cflags: [`-DPID=${process.pid}`] },
);
bpf.attach();
using events = bpf.events("events", Event, { pages: 256 });

let seconds = 0, sum = 0, letters = 0;
for (let round = 0; round < ROUNDS; round++) {
  callGetppid(EVENTS);
  const start = performance.now();
  events.drain(({ number, comm }) => {
    sum += number;
    letters += comm.length;
  });
  seconds += (performance.now() - start) / 1000;
}
const count = ROUNDS * EVENTS;
if (sum !== count * (count - 1) / 2 || letters < count) throw new Error("events are missing");
console.log(JSON.stringify({ "events per second": count / seconds }));
await once(process.stdin.resume(), "end");
