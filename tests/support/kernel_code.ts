/**
 * A program with kernel code, which a test compiles to an executable: it prints what it traced of
 * its own calls.
 */
import { readFileSync } from "node:fs";
import {
  comm,
  functions,
  hash,
  kernel,
  pid,
  ringBuffer,
  tracepoint,
  unsigned,
} from "../../kernel.ts";
import { Bpf, chars, struct, u32, u64 } from "../../mod.ts";
import { callGetppid } from "./calls.ts";

const STEP = 3;
const Call = struct("call", { pid: u32, comm: chars(16), number: u64 });

const counting = functions({
  maps: { counts: hash(u32, u64) },
  constants: { BY: 1, part: "" },
}, ({ counts, BY, part }) => {
  const isNamed = () => comm().includes(part);
  return {
    count(task: number) {
      if (isNamed()) counts.increment(task, BY);
    },
    countOf: (task: number) => counts.get(task) ?? 0n,
  };
});

const code = kernel({
  use: [counting],
  maps: { calls: ringBuffer(Call) },
  globals: { target: u32 },
  constants: { LIMIT: 4n },
}, {
  enter: tracepoint("syscalls/sys_enter_getppid", (_, { calls, count, countOf, target, LIMIT }) => {
    const task = pid();
    if (target !== task) return;
    count(task);
    const calledSoFar = countOf(task);
    if (calledSoFar > LIMIT * 3n) return;
    let sum = 0n;
    for (let i = 0; i < 5; i++) {
      if (i === 2) continue;
      sum += calledSoFar;
    }
    calls.emit({ pid: task, comm: comm(), number: unsigned(sum) });
  }),
});

using bpf = Bpf.load(code, {
  globals: {
    target: process.pid,
    BY: 3,
    part: readFileSync("/proc/self/comm", "utf8").slice(1, 3),
  },
});
using calls = bpf.events("calls");
bpf.attach();
callGetppid(6);
const numbers: bigint[] = [];
calls.drain((call) => {
  if (call.pid === process.pid && call.comm !== "") numbers.push(call.number);
});
console.log(numbers.join(" "), bpf.map("counts", u32, u64).get(process.pid), STEP);
