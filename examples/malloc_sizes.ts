/**
 * Counts the malloc() calls of a process by requested size, until Ctrl-C.
 *
 *     sudo deno run -A examples/malloc_sizes.ts PID
 *     sudo bun examples/malloc_sizes.ts PID
 *
 *      COUNT SIZE
 *       1009 4096
 *
 * It teaches: a uprobe in a shared library, for one process only: probing every process that calls
 * malloc() would slow all of them down. Arguments are in registers, which depend on the
 * architecture.
 */

import { Bpf, u64 } from "../mod.ts";
import object from "./malloc_sizes.bpf.o.ts";

const pid = Number(process.argv[2]);
if (!Number.isInteger(pid)) {
  console.error("usage: malloc_sizes.ts PID");
  process.exit(2);
}
const interrupted = new Promise((resolve) => process.once("SIGINT", resolve));

using bpf = Bpf.load(object);
using probe = bpf.program("on_malloc").attachUprobe({ library: "c", symbol: "malloc", pid });
if (process.env.TSBCC_READY === "1") console.error("ready");

// A pending promise does not keep the process alive; a timer does.
const awake = setInterval(() => {}, 2 ** 30);
await interrupted;
clearInterval(awake);
probe.close(); // nothing more is counted while the map is read

const sizes = [...bpf.map("sizes", u64, u64.asNumber)].sort(([, a], [, b]) => b - a);
console.log("  COUNT SIZE");
for (const [size, count] of sizes) console.log(`${String(count).padStart(7)} ${size}`);
