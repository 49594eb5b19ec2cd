/**
 * C for programs at probes that people type: what trace and argdist have in common.
 *
 * @module
 */

import { FIRST_PID_NAMESPACE, syscallFunction } from "../../mod.ts";
import type { Machine } from "../machine/machine.ts";
import type { CSource } from "./c_source.ts";
import type { Hook } from "./probe_hook.ts";
import type { Signature } from "./signature.ts";

/**
 * Warnings would show C that nobody typed, and a pointer may stand where a number is meant; but a
 * function that there is not is a mistake.
 */
export const COMPILER_FLAGS: readonly string[] = [
  "-Wno-everything",
  "-Werror=implicit-function-declaration",
];

/** Who is traced. */
export interface ProbeFilters {
  readonly machine: Machine;
  readonly pid?: number | undefined;
  readonly tid?: number | undefined;
  readonly uid?: number | undefined;
  /** A part of the command's name. */
  readonly comm?: string | undefined;
  readonly cgroup?: string | undefined;
  /** Trace the tool itself too. */
  readonly self?: boolean;
}

/** bcc's rule: a word anywhere in the probes brings the header. */
const HEADERS: Readonly<Record<string, RegExp>> = {
  "linux/time.h": /time/,
  "linux/fs.h": /fs|file/,
  "linux/blkdev.h": /bio|request/,
  "linux/slab.h": /alloc/,
  "linux/netdevice.h": /sk_buff|net_device/,
};

const SYSCALL = /^__(?:x64|arm64)_sys_/;
const SHORT_SYSCALL = /^(?:sys|SyS)_(\w+)$/;

const CURRENT_IDS = `static __always_inline u64 __current_ids(void)
{
  return bpf_get_current_pid_tgid();
}`;

/** The same in the pid namespace of this process, whose numbers its users know. */
function namespaceIds(inode: number, dev: number): string {
  return `static __always_inline u64 __current_ids(void)
{
  struct bpf_pidns_info info = {};
  if (bpf_get_ns_current_pid_tgid(${dev}, ${inode}, &info, sizeof(info))) return 0;
  return (u64)info.tgid << 32 | info.pid;
}`;
}

/** By its sign: on x86-64 and arm64 the kernel has the upper half of all addresses. */
const READING = ["text", "bytes"].map((what) => {
  const suffix = what === "text" ? "_str" : "";
  return `static __always_inline long read_${what}(void *to, u32 size, u64 address)
{
  if ((s64)address < 0) return bpf_probe_read_kernel${suffix}(to, size, (void *)address);
  return bpf_probe_read_user${suffix}(to, size, (void *)address);
}`;
});

/** What comes before all programs. */
export function commonCode(
  filters: ProbeFilters,
  includes: readonly string[],
  probes: readonly string[],
): string[] {
  const { resolve } = process.getBuiltinModule("node:path");
  const typed = includes.map((include) =>
    /^[./]/.test(include) ? JSON.stringify(resolve(include)) : `<${include}>`
  );
  const words = probes.join(" ");
  const found = Object.keys(HEADERS).filter((header) => HEADERS[header]!.test(words));
  const inode = filters.machine.namespaceInode("pid");
  return [
    ...["<linux/ptrace.h>", "<linux/sched.h>", ...typed, ...found.map((header) => `<${header}>`)]
      .map((header) => `#include ${header}`),
    ...filters.cgroup === undefined ? [] : ["BPF_CGROUP_ARRAY(cgroup_root, 1);"],
    "BPF_ARRAY(events_dropped, u64, 1);",
    inode === FIRST_PID_NAMESPACE
      ? CURRENT_IDS
      : namespaceIds(inode, filters.machine.namespaceDevice()),
    ...READING,
    ...filters.comm ? [commCode(filters.comm)] : [],
  ];
}

const COMM_SIZE = 16; // TASK_COMM_LEN

function commCode(part: string): string {
  const bytes = new TextEncoder().encode(part);
  const places = Array.from(
    { length: COMM_SIZE - bytes.length },
    (_, start) => Array.from(bytes, (byte, i) => `(u8)comm[${start + i}] == ${byte}`).join(" && "),
  );
  return `static __always_inline bool __is_named(void)
{
  char comm[${COMM_SIZE}] = {};
  bpf_get_current_comm(comm, sizeof(comm));
  return ${places.map((same) => `(${same})`).join(" ||\n    ")};
}`;
}

/** The statements that begin a program: who it is, and whether that is wanted. */
export function filterCode(filters: ProbeFilters): string[] {
  const { pid, tid, uid, comm, cgroup, self } = filters;
  const conditions: string[] = [];
  if (tid !== undefined) conditions.push(`(u32)__ids != ${tid}`);
  if (pid !== undefined) conditions.push(`__ids >> 32 != ${pid}`);
  if (pid === undefined && tid === undefined && !self) {
    conditions.push(`__ids >> 32 == ${filters.machine.pid}`);
  }
  if (uid !== undefined) conditions.push(`(u32)bpf_get_current_uid_gid() != ${uid}u`);
  if (comm) conditions.push("!__is_named()");
  if (cgroup !== undefined) conditions.push("cgroup_root.check_current_task(0) <= 0");
  return [
    "  u64 __ids = __current_ids();",
    ...conditions.map((condition) => `  if (${condition}) return 0;`),
  ];
}

/** The kernel function of a hook: `sys_read` stands for what this architecture calls it. */
export function kernelFunction(name: string): string {
  const call = SHORT_SYSCALL.exec(name)?.[1];
  return call === undefined ? name : syscallFunction(call);
}

/** Whether it is the entry of a system call, whose arguments are in other registers. */
export const isSyscall = (hook: Hook) =>
  hook.kind === "entry" && hook.library === undefined && SYSCALL.test(kernelFunction(hook.name));

/**
 * The beginning of a function: the user's signature gives names to arguments.
 *
 * @param probe as it was typed
 */
export function functionHead(
  source: CSource,
  name: string,
  hook: Hook,
  signature: Signature | undefined,
  probe: string,
): void {
  source.program(name, probe);
  if (hook.kind === "tracepoint") {
    const type = `struct tracepoint__${hook.category}__${hook.name}`;
    // libbcc defines that struct for each function that takes it by this name.
    const isDefined = source.text.includes(`(${type} *args)`);
    if (isDefined) source.add(`typedef ${type} ${name}_args;`);
    source.add(`int ${name}(${isDefined ? `${name}_args` : type} *args)`, "{");
  } else if (!signature || hook.kind === "return") {
    source.add(`int ${name}(struct pt_regs *ctx)`, "{");
  } else {
    source.add(`int ${name}(struct pt_regs *ctx,`);
    const { start, end } = signature;
    source.expression(signature, probe.slice(start, end).replaceAll(/\s/g, " "));
    source.add(")", "{");
  }
}

/** The name of a program; by its prefix libbcc knows where system calls have their arguments. */
export function programName(hook: Hook, index: number): string {
  const name = hook.name.replaceAll(/\W/g, "_");
  return `${isSyscall(hook) ? "syscall__" : ""}probe_${index}_${name}`;
}

/** What a program is attached to, for `args` or `ctx`. */
export const contextName = (hook: Hook) => hook.kind === "tracepoint" ? "args" : "ctx";
