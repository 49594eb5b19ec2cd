/**
 * Tools whose hooks this machine's kernel does not have: tests that start every tool leave these out.
 *
 * @module
 */

/** By tool name: what the hooks need. The tools' cases say on which kernels they run. */
export const HOOKS_ELSEWHERE: Readonly<Record<string, string>> = {
  criticalstat: "a kernel built with CONFIG_PREEMPTIRQ_TRACEPOINTS",
  llcstat: "hardware counters",
  mptcpify: "Linux 6.6 with trampolines",
  ppchcalls: "a POWER machine",
  rdmaucma: "the module rdma_ucm, and kprobes",
  swapin: "kprobes or fentry",
};
