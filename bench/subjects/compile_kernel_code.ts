/**
 * Compiles kernel code of opensnoop's size; prints the CPU time of the first compilation and of later
 * ones.
 */
import { once } from "node:events";
import { chars, i32, struct, u32, u64 } from "../../mod.ts";
import {
  comm,
  hash,
  kernel,
  pid,
  ringBuffer,
  tid,
  tracepoint,
  uid,
  userString,
} from "../../kernel.ts";
import { median } from "../median.ts";

const Open = struct("open", { pid: u32, uid: u32, result: i32, comm: chars(16), path: chars(256) });
const Call = struct("call", { filename: u64, flags: u64 });

const code = kernel({
  maps: { opens: ringBuffer(Open), calls: hash(u32, Call) },
  globals: { target_pid: u32, target_uid: u32, failed_only: u32 },
}, {
  enter: tracepoint("syscalls/sys_enter_openat", (e, outside) => {
    if (outside.target_pid !== 0 && pid() !== outside.target_pid) return;
    if (outside.target_uid !== 0 && uid() !== outside.target_uid) return;
    outside.calls.set(tid(), { filename: e.filename, flags: e.flags });
  }),
  leave: tracepoint("syscalls/sys_exit_openat", (e, { calls, opens, failed_only }) => {
    const call = calls.get(tid());
    if (call === undefined) return;
    if (failed_only === 0 || e.ret < 0) {
      opens.emit({
        pid: pid(),
        uid: uid(),
        result: e.ret,
        comm: comm(),
        path: userString(call.filename),
      });
    }
    calls.delete(tid());
  }),
});

/** CPU time of one compilation, in milliseconds. */
function cost(): number {
  const before = process.cpuUsage();
  code.compile();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

const cold = cost();
const warm = median(Array.from({ length: 100 }, cost));
console.log(JSON.stringify({ "cold, ms of CPU": cold, "warm, ms of CPU": warm }));
await once(process.stdin.resume(), "end");
