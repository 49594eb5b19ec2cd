/**
 * Prints every openat(2) call, in every process, until Ctrl-C.
 *
 *     sudo deno run -A examples/opensnoop_perf.ts
 *     sudo bun examples/opensnoop_perf.ts
 *
 *         PID  FD ERR COMM             PATH
 *        4711   3   0 "cat"            "/etc/hosts"
 *        4711  -1   2 "cat"            "/etc/hostz"
 *
 * It teaches: typed events through a perf buffer, and a hash map that keeps an argument from the
 * entry of a call to its exit. The tool opensnoop also traces open(2) and openat2(2), and has
 * filters.
 */

import { Bpf, chars, i32, struct, u32 } from "../mod.ts";

const Event = struct("event", { pid: u32, result: i32, comm: chars(16), path: chars(256) });

using bpf = Bpf.compile(`
  #include <linux/sched.h>

  ${Event.toC()}
  BPF_PERF_OUTPUT(events);
  BPF_HASH(paths, u64, const char *);

  TRACEPOINT_PROBE(syscalls, sys_enter_openat) {
    u64 thread = bpf_get_current_pid_tgid();
    const char *path = args->filename;

    paths.update(&thread, &path);
    return 0;
  }

  TRACEPOINT_PROBE(syscalls, sys_exit_openat) {
    u64 thread = bpf_get_current_pid_tgid();
    const char **path = paths.lookup(&thread);
    struct event event = { .pid = thread >> 32, .result = args->ret };

    if (!path)
      return 0;
    // By now the kernel has read the path, so it is in memory.
    bpf_probe_read_user_str(&event.path, sizeof(event.path), *path);
    bpf_get_current_comm(&event.comm, sizeof(event.comm));
    events.perf_submit(args, &event, sizeof(event));
    paths.delete(&thread);
    return 0;
  }
`);

using events = bpf.events("events", Event, { ordered: true });
process.once("SIGINT", () => events.close());
bpf.attach();
if (process.env.TSBCC_READY === "1") console.error("ready");
console.log("    PID  FD ERR COMM             PATH");

for await (const { pid, result, comm, path } of events) {
  const [fd, error] = result < 0 ? [-1, -result] : [result, 0];
  // As JSON: names may contain escape sequences, which would control this terminal.
  const words = [JSON.stringify(comm).padEnd(16), JSON.stringify(path)];
  console.log(
    [`${pid}`.padStart(7), `${fd}`.padStart(3), `${error}`.padStart(3), ...words].join(" "),
  );
}
if (events.dropped) {
  console.error(`${events.dropped} calls are not shown: the perf buffer was full`);
}
