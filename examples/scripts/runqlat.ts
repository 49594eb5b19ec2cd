// How long threads wait for a CPU, by name, in microseconds.
import { chars, hash, histogram, kernel, ktime, tracepoint, u32, u64 } from "ts-bcc";

export default kernel({
  maps: { queued: hash(u32, u64, { entries: 65_536 }), us: histogram(chars(16)) },
}, {
  wakeup: tracepoint("sched/sched_wakeup", (e, { queued }) => {
    queued.set(e.pid, ktime());
  }),
  wakeup_new: tracepoint("sched/sched_wakeup_new", (e, { queued }) => {
    queued.set(e.pid, ktime());
  }),
  switched: tracepoint("sched/sched_switch", (e, { queued, us }) => {
    // Who had to leave its CPU waits from now on.
    if ((e.prev_state & 0xff) === 0) queued.set(e.prev_pid, ktime());
    const since = queued.get(e.next_pid);
    if (since === undefined) return;
    queued.delete(e.next_pid);
    us.record((ktime() - since) / 1000n, e.next_comm);
  }),
});
