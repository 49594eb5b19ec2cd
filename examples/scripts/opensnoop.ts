// Files that are opened, with what came of it.
import {
  chars,
  comm,
  hash,
  i32,
  kernel,
  pid,
  ringBuffer,
  struct,
  tid,
  tracepoint,
  u32,
  u64,
  userString,
} from "ts-bcc";

const Open = struct("open", { pid: u32, result: i32, comm: chars(16), path: chars(256) });

export default kernel({ maps: { names: hash(u32, u64), opens: ringBuffer(Open) } }, {
  enter: tracepoint("syscalls/sys_enter_openat", (e, { names }) => {
    names.set(tid(), e.filename);
  }),
  leave: tracepoint("syscalls/sys_exit_openat", (e, { names, opens }) => {
    const name = names.get(tid());
    if (name === undefined) return;
    names.delete(tid());
    opens.emit({ pid: pid(), result: e.ret, comm: comm(), path: userString(name) });
  }),
});
