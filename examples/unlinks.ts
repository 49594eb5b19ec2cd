/**
 * Counts files that are deleted, by process, until Ctrl-C.
 *
 *     sudo deno run -A examples/unlinks.ts
 *     sudo bun examples/unlinks.ts
 *
 *     Counting by fexit:do_unlinkat, Ctrl-C to end
 *         PID  FILES
 *        4711     12
 *
 * It teaches: choosing the best hook that this kernel has. It is chosen before loading, and the
 * programs for the other hooks are not loaded: the kernel could reject them.
 */

import { Bpf, hasFentry, hasKernelFunction, u32, u64 } from "../mod.ts";
import object from "./unlinks.bpf.o.ts";

const canTrace = hasFentry().answer !== "no" && hasKernelFunction("do_unlinkat").answer !== "no";
const interrupted = new Promise((resolve) => process.once("SIGINT", resolve));

using bpf = Bpf.load(object, {
  programs: { on_unlink: canTrace, exit_unlink: !canTrace, exit_unlinkat: !canTrace },
});
const links = bpf.attach();
if (process.env.TSBCC_READY === "1") console.error("ready");
const hook = canTrace ? "fexit:do_unlinkat" : "the system calls unlink and unlinkat";
console.log(`Counting by ${hook}, Ctrl-C to end`);

// A pending promise does not keep the process alive; a timer does.
const awake = setInterval(() => {}, 2 ** 30);
await interrupted;
clearInterval(awake);
for (const link of links) link.close();

console.log("    PID  FILES");
for (const [pid, count] of bpf.map("unlinks", u32, u64.asNumber)) {
  console.log(`${String(pid).padStart(7)} ${String(count).padStart(6)}`);
}
