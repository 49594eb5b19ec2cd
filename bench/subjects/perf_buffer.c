struct event {
  u64 time;
  u32 pid;
  u32 number;
  char comm[16];
};

BPF_ARRAY(calls, u32, 1);
BPF_PERF_OUTPUT(events);

TRACEPOINT_PROBE(syscalls, sys_enter_getppid) {
  struct event event = { .time = bpf_ktime_get_ns() };
  int zero = 0;
  u32 *number = calls.lookup(&zero);

  event.pid = bpf_get_current_pid_tgid() >> 32;
  if (event.pid != PID || !number)
    return 0;
  event.number = (*number)++;
  bpf_get_current_comm(&event.comm, sizeof(event.comm));
  events.perf_submit(args, &event, sizeof(event));
  return 0;
}
