/** Kernel code as a program of its own, to be compiled: it prints what it saw of its own calls. */
import { comm, hash, kernel, pid, ringBuffer, tracepoint, unsigned } from "../../kernel.ts";
import { Bpf, chars, struct, u32, u64 } from "../../mod.ts";
import { callGetppid } from "./calls.ts";

const STEP = 3;
const Call = struct("call", { pid: u32, comm: chars(16), number: u64 });

const code = kernel({
  maps: { calls: ringBuffer(Call), counts: hash(u32, u64) },
  globals: { target: u32 },
  constants: { LIMIT: 4n },
}, {
  enter: tracepoint("syscalls/sys_enter_getppid", (_, { calls, counts, target, LIMIT }) => {
    const task = pid();
    if (target !== task) return;
    counts.increment(task, 3);
    const count = counts.get(task);
    if (count === undefined || count > LIMIT * 3n) return;
    let sum = 0n;
    for (let i = 0; i < 5; i++) {
      if (i === 2) continue;
      sum += count;
    }
    calls.emit({ pid: task, comm: comm(), number: unsigned(sum) });
  }),
});

using bpf = Bpf.load(code, { globals: { target: process.pid } });
using calls = bpf.events("calls");
bpf.attach();
callGetppid(6);
const numbers: bigint[] = [];
calls.drain((call) => {
  if (call.pid === process.pid && call.comm !== "") numbers.push(call.number);
});
console.log(numbers.join(" "), bpf.map("counts").get(process.pid), STEP);
