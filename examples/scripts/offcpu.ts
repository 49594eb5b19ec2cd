// Nanoseconds that threads spend asleep, by stack, of all processes or one: `ts-bcc run offcpu.ts [PID]`.
import {
  chars,
  comm,
  hash,
  kernel,
  ktime,
  pid,
  struct,
  tid,
  tracepoint,
  u32,
  u64,
  UserStack,
  userStack,
} from "ts-bcc";

const Sleep = struct("sleep", { comm: chars(16), stack: UserStack });
const Begun = struct("begun", { at: u64, where: Sleep });

// Who wakes a thread runs in another process, so that -p does not serve here.
const PID = Number(process.argv[2] ?? 0);

export default kernel({
  maps: { begun: hash(u32, Begun), ns: hash(Sleep, u64) },
  constants: { PID },
}, {
  switched: tracepoint("sched/sched_switch", (e, { begun, PID }) => {
    if (PID !== 0 && pid() !== PID) return;
    if ((e.prev_state & 0xff) === 0) return;
    begun.set(tid(), { at: ktime(), where: { comm: comm(), stack: userStack() } });
  }),
  wakeup: tracepoint("sched/sched_wakeup", (e, { begun, ns }) => {
    const sleep = begun.get(e.pid);
    if (sleep === undefined) return;
    ns.increment(sleep.where, ktime() - sleep.at);
    begun.delete(e.pid);
  }),
});
