// Signals by kill(2), with what came of them.
import { comm, hash, i32, kernel, pid, print, struct, tid, tracepoint, u32 } from "ts-bcc";

const Kill = struct("kill", { target: i32, signal: i32 });

export default kernel({ maps: { kills: hash(u32, Kill) } }, {
  enter: tracepoint("syscalls/sys_enter_kill", (e, { kills }) => {
    kills.set(tid(), { target: e.pid, signal: e.sig });
  }),
  leave: tracepoint("syscalls/sys_exit_kill", (e, { kills }) => {
    const kill = kills.get(tid());
    if (kill === undefined) return;
    print(`${comm()} ${pid()} signal ${kill.signal} to ${kill.target}: ${e.ret}`);
    kills.delete(tid());
  }),
});
