/**
 * Counts openat(2) calls that succeed, and those that fail with ENOENT, until Ctrl-C.
 *
 *     sudo deno run -A examples/failed_opens.ts [PID]
 *     sudo bun examples/failed_opens.ts [PID]
 *
 *     opened 340, failed 12
 *
 * It teaches: global variables. Constants are set before the object is loaded; the other variables
 * are memory shared with the kernel side, so reading them takes no system call.
 */

import { Bpf, u64 } from "../mod.ts";
import object from "./failed_opens.bpf.o.ts";

const ENOENT = 2n;
const SECOND_MS = 1000;

const interrupted = new Promise((resolve) => process.once("SIGINT", resolve));
using bpf = Bpf.load(object, {
  globals: { target_pid: Number(process.argv[2] ?? 0), wanted_errno: ENOENT },
});
const opened = bpf.global("opened", u64);
const failed = bpf.global("failed", u64);
const tell = () => console.log(`opened ${opened.value}, failed ${failed.value}`);

bpf.attach();
if (process.env.TSBCC_READY === "1") console.error("ready");
const timer = setInterval(tell, SECOND_MS);
await interrupted;
clearInterval(timer);
tell();
