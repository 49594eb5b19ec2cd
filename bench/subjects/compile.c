#include <linux/sched.h>

struct event {
  u64 time;
  u32 pid;
  u32 parent;
  char comm[TASK_COMM_LEN];
};

BPF_HASH(counts, u32, u64);
BPF_PERF_OUTPUT(events);

TRACEPOINT_PROBE(syscalls, sys_enter_openat) {
  struct task_struct *task = (struct task_struct *)bpf_get_current_task();
  struct event event = { .time = bpf_ktime_get_ns() };

  event.pid = bpf_get_current_pid_tgid() >> 32;
  event.parent = task->real_parent->tgid;
  bpf_get_current_comm(&event.comm, sizeof(event.comm));
  counts.increment(event.pid);
  events.perf_submit(args, &event, sizeof(event));
  return 0;
}
