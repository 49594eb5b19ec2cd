/**
 * Prints every program that is started, until Ctrl-C.
 *
 *     sudo deno run -A examples/exec_events.ts
 *     sudo bun examples/exec_events.ts
 *
 *         PID   UID COMM
 *        4711     0 "ls"
 *
 * It teaches: an object compiled beforehand, events through a ring buffer with a codec that is
 * checked against the object's BTF, and the number of dropped events. The kernel side is
 * exec_events.bpf.c; after a change of it, run `scripts/objects.sh examples/exec_events.bpf.c` to
 * make exec_events.bpf.o.ts anew.
 */

import { Bpf, chars, struct, u32 } from "../mod.ts";
import object from "./exec_events.bpf.o.ts";

const Event = struct("event", { pid: u32, uid: u32, comm: chars(16) });

using bpf = Bpf.load(object);
using events = bpf.events("events", Event);
process.once("SIGINT", () => events.close());
bpf.attach();
if (process.env.TSBCC_READY === "1") console.error("ready");
console.log("    PID   UID COMM");

for await (const { pid, uid, comm } of events) {
  // As JSON: the name may contain escape sequences, which would control this terminal.
  console.log(`${String(pid).padStart(7)} ${String(uid).padStart(5)} ${JSON.stringify(comm)}`);
}
if (events.dropped) {
  console.error(`${events.dropped} programs are not shown: the ring buffer was full`);
}
