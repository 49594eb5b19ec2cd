"""opensnoop for one process with Python bcc: opensnoop.py PID

bcc's own insists on fentry or kprobes, which not every kernel has; this one does the same with
tracepoints, from entry to exit.
"""
import sys

from bcc import BPF

TEXT = """
struct call {
  u64 time;
  char path[255];
};
struct event {
  u64 time;
  u32 pid;
  u32 uid;
  int ret;
  char comm[16];
  char path[255];
};

BPF_HASH(calls, u32, struct call);
BPF_PERF_OUTPUT(events);

TRACEPOINT_PROBE(syscalls, sys_enter_openat) {
  u64 id = bpf_get_current_pid_tgid();
  u32 tid = id;
  struct call call = {};

  if (id >> 32 != TARGET)
    return 0;
  bpf_probe_read_user_str(call.path, sizeof(call.path), args->filename);
  calls.update(&tid, &call);
  return 0;
}

TRACEPOINT_PROBE(syscalls, sys_exit_openat) {
  u64 id = bpf_get_current_pid_tgid();
  u32 tid = id;
  struct call *call = calls.lookup(&tid);
  struct event event = {};

  if (!call)
    return 0;
  event.time = bpf_ktime_get_ns();
  event.pid = id >> 32;
  event.uid = bpf_get_current_uid_gid();
  event.ret = args->ret;
  bpf_get_current_comm(event.comm, sizeof(event.comm));
  bpf_probe_read_kernel(event.path, sizeof(event.path), call->path);
  events.perf_submit(args, &event, sizeof(event));
  calls.delete(&tid);
  return 0;
}
"""

bpf = BPF(text=TEXT.replace("TARGET", sys.argv[1]))


def show(cpu, data, size):
    event = bpf["events"].event(data)
    fd, error = (event.ret, 0) if event.ret >= 0 else (-1, -event.ret)
    print("%-6d %-16s %4d %3d %s" % (event.pid, event.comm.decode("utf-8", "replace"), fd, error,
                                     event.path.decode("utf-8", "replace")))


bpf["events"].open_perf_buffer(show, page_cnt=64)
try:
    while True:
        bpf.perf_buffer_poll()
except KeyboardInterrupt:
    pass
