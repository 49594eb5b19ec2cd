/**
 * Suggestions for unknown names.
 *
 * @module
 */

import { builtinOf } from "../language/builtins.ts";

/**
 * Names in bpftrace, BPF helpers, Node and Linux, with the built-in function of the same meaning.
 */
const OTHERS: ReadonlyMap<string, string> = new Map(Object.entries({
  getpid: "pid()",
  tgid: "pid()",
  process: "pid()",
  gettid: "tid()",
  getuid: "uid()",
  getgid: "gid()",
  username: "uid()",
  execname: "comm()",
  command: "comm()",
  probe_comm: "comm()",
  nsecs: "ktime()",
  now: "ktime()",
  timestamp: "ktime()",
  elapsed: "ktime()",
  performance: "ktime()",
  date: "ktime()",
  ktime_get_ns: "ktime()",
  ktime_get_boot_ns: "bootTime()",
  current_pid_tgid: "pid() or tid()",
  current_uid_gid: "uid() or gid()",
  smp_processor_id: "cpu()",
  stackid: "kernelStack() or userStack()",
  probe_read_user_str: "userString(address)",
  probe_read_kernel_str: "kernelString(address)",
  cgroup: "cgroupId()",
  rand: "random()",
  curtask: "currentTask()",
  current: "currentTask()",
  task: "currentTask()",
  str: "userString(address)",
  kstr: "kernelString(address)",
  ustr: "userString(address)",
  ustack: "userStack()",
  kstack: "kernelStack()",
  stack: "kernelStack() or userStack()",
  ntop: "ip(address)",
  inet_ntoa: "ip(address)",
  printf: "print(`…`)",
  println: "print(`…`)",
  console: "print(`…`)",
  log: "print(`…`)",
  kill: "sendSignal(signal)",
  signal: "sendSignal(signal)",
  container_of: 'cast(address, "struct …")',
  args: "the first parameter",
  retval: "the first parameter of kretprobe() and uretprobe()",
  string: "userString(address) or kernelString(address)",
}));

/** Global names of JavaScript that programs cannot use. */
const JAVASCRIPT: ReadonlySet<string> = new Set(
  ("Math Boolean Number String Object Array Symbol Map Set WeakMap JSON Reflect RegExp Error Promise Infinity NaN " +
    "parseInt parseFloat isNaN isFinite eval arguments globalThis structuredClone setTimeout setInterval fetch require")
    .split(" "),
);

/** The error for an unknown name; undefined if its meaning cannot be guessed. */
export function unknownName(name: string): string | undefined {
  if (JAVASCRIPT.has(name)) {
    return `JavaScript's ${name} is not in the kernel: write it with operators, or do it where events and maps are read`;
  }
  const near = nearName(name);
  return near && `nothing is called ${name} here: did you mean ${near}?`;
}

/** A built-in function or expression with a similar name or meaning; undefined if there is none. */
function nearName(name: string): string | undefined {
  const plain = name.toLowerCase().replace(/^bpf_(?:get_)?/, "");
  const found = OTHERS.get(plain) ?? OTHERS.get(name.toLowerCase());
  if (found !== undefined) return found;
  const near = [...builtinOf.values()].find((word) => {
    const lower = word.toLowerCase();
    return lower === plain || lower === plain.replace(/^(?:get|current|read)_?/, "") ||
      lower === plain.replaceAll("_", "") || isOneOff(lower, plain);
  });
  return near && `${near}()`;
}

/** Whether two names of some length differ by one letter: another, one more, one less. */
function isOneOff(a: string, b: string): boolean {
  if (Math.min(a.length, b.length) < 4 || Math.abs(a.length - b.length) > 1) return false;
  let at = 0;
  while (at < a.length && a[at] === b[at]) at++;
  const rest = (text: string, from: number) => text.slice(from);
  return rest(a, at + 1) === rest(b, at + 1) || rest(a, at + 1) === rest(b, at) ||
    rest(a, at) === rest(b, at + 1);
}
