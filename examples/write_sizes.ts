/**
 * Shows how large writes are, of one process or of all, until Ctrl-C.
 *
 *     sudo deno run -A examples/write_sizes.ts [PID]
 *     sudo bun examples/write_sizes.ts [PID]
 *
 *          bytes               : count    distribution
 *              0 -> 1          : 0        |                                        |
 *              2 -> 3          : 0        |                                        |
 *              4 -> 7          : 1009     |****************************************|
 *
 * It teaches: a histogram. The kernel side counts by powers of two, the library prints the
 * histogram as bcc does.
 */

import { Bpf, log2Lines, u32, u64 } from "../mod.ts";
import object from "./write_sizes.bpf.o.ts";

const interrupted = new Promise((resolve) => process.once("SIGINT", resolve));
using bpf = Bpf.load(object, { globals: { target_pid: Number(process.argv[2] ?? 0) } });
bpf.attach();
if (process.env.TSBCC_READY === "1") console.error("ready");

// A pending promise does not keep the process alive; a timer does.
const awake = setInterval(() => {}, 2 ** 30);
await interrupted;
clearInterval(awake);

const slots = Array.from(
  bpf.perCpuMap("sizes", u32, u64.asNumber),
  ([slot, counts]) => [slot, counts.reduce((sum, count) => sum + count, 0)] as const,
);
for (const line of log2Lines(slots, { valueType: "bytes" })) console.log(line);
