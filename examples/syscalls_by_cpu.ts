/**
 * Counts system calls by CPU, of one process or of all, until Ctrl-C.
 *
 *     sudo deno run -A examples/syscalls_by_cpu.ts [PID]
 *     sudo bun examples/syscalls_by_cpu.ts [PID]
 *
 *     CPU  CALLS
 *       0   1009
 *       1    211
 *
 * It teaches: a map with a value for each CPU, read as an array; a raw tracepoint; a constant set
 * before the program is loaded.
 */

import { Bpf, u32, u64 } from "../mod.ts";
import object from "./syscalls_by_cpu.bpf.o.ts";

const pid = Number(process.argv[2] ?? 0);
const interrupted = new Promise((resolve) => process.once("SIGINT", resolve));

using bpf = Bpf.load(object, { globals: { target_pid: pid } });
bpf.attach();
if (process.env.TSBCC_READY === "1") console.error("ready");

// A pending promise does not keep the process alive; a timer does.
const awake = setInterval(() => {}, 2 ** 30);
await interrupted;
clearInterval(awake);

const counts = bpf.perCpuMap("calls", u32, u64.asNumber).get(0)!;
console.log("CPU  CALLS");
counts.forEach((count, cpu) =>
  console.log(`${String(cpu).padStart(3)} ${String(count).padStart(6)}`)
);
