// How often system calls were called, how often they failed, and how long they took.
import { hash, i64, kernel, ktime, struct, tid, tracepoint, u32, u64 } from "ts-bcc";

const Calls = struct("calls", { count: u64, failed: u64, ns: u64 });

export default kernel({ maps: { begun: hash(u32, u64), calls: hash(i64, Calls) } }, {
  enter: tracepoint("raw_syscalls/sys_enter", (_, { begun }) => {
    begun.set(tid(), ktime());
  }),
  leave: tracepoint("raw_syscalls/sys_exit", (e, { begun, calls }) => {
    const since = begun.get(tid());
    if (since === undefined) return;
    begun.delete(tid());
    const ns = ktime() - since;
    const failed = e.ret < 0 ? 1n : 0n;
    const sum = calls.get(e.id);
    if (sum === undefined) {
      calls.set(e.id, { count: 1n, failed, ns });
      return;
    }
    sum.count += 1n;
    sum.failed += failed;
    sum.ns += ns;
  }),
});
