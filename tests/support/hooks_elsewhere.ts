/**
 * Tools whose hooks this machine's kernel does not have: what tests try with all tools, it cannot be tried with these.
 *
 * @module
 */

/** By name, with what the hooks take; their own cases say where they run. */
export const HOOKS_ELSEWHERE: Readonly<Record<string, string>> = {
  criticalstat: "a kernel built with CONFIG_PREEMPTIRQ_TRACEPOINTS",
  llcstat: "hardware counters",
  mptcpify: "Linux 6.6 with trampolines",
  ppchcalls: "a POWER machine",
  rdmaucma: "the module rdma_ucm, and kprobes",
  swapin: "kprobes or fentry",
};
