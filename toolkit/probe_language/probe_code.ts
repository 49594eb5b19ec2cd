/**
 * Generates C for probe specifiers: what trace and argdist share.
 *
 * @module
 */

import { FIRST_PID_NAMESPACE, syscallFunction } from "../../mod.ts";
import type { Machine } from "../machine/machine.ts";
import { UsageError } from "../options/options.ts";
import type { CSource } from "./c_source.ts";
import type { Hook } from "./probe_hook.ts";
import type { Signature } from "./signature.ts";

/**
 * Warnings would quote C that the user did not type, and pointers may be used as numbers; but an
 * unknown function is an error.
 */
export const COMPILER_FLAGS: readonly string[] = [
  "-Wno-everything",
  "-Werror=implicit-function-declaration",
];

/** Filters by task. */
export interface ProbeFilters {
  readonly machine: Machine;
  readonly pid?: number | undefined;
  readonly tid?: number | undefined;
  readonly uid?: number | undefined;
  /** A substring of the command name. */
  readonly comm?: string | undefined;
  readonly cgroup?: string | undefined;
  /** Trace the tool itself, too. */
  readonly self?: boolean;
}

/** bcc's rule: a word anywhere in the probes includes a header. */
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

/**
 * The C function `__current_ids()` with ids of this process's pid namespace, which are those that
 * the user knows.
 */
function namespaceIds(inode: number, dev: number): string {
  return `static __always_inline u64 __current_ids(void)
{
  struct bpf_pidns_info info = {};
  if (bpf_get_ns_current_pid_tgid(${dev}, ${inode}, &info, sizeof(info))) return 0;
  return (u64)info.tgid << 32 | info.pid;
}`;
}

/**
 * C functions that read from an address, the kernel's or the user's by its sign: on x86-64 and
 * arm64 the kernel has the upper half of the address space.
 */
const READING = ["text", "bytes"].map((what) => {
  const suffix = what === "text" ? "_str" : "";
  return `static __always_inline long read_${what}(void *to, u32 size, u64 address)
{
  if ((s64)address < 0) return bpf_probe_read_kernel${suffix}(to, size, (void *)address);
  return bpf_probe_read_user${suffix}(to, size, (void *)address);
}`;
});

/** The text before all programs. */
export function commonCode(
  filters: ProbeFilters,
  includes: readonly string[],
  probes: readonly string[],
): string[] {
  const typed = includes.map((include) =>
    /^[./]/.test(include) ? JSON.stringify(headerPath(include, filters.machine)) : `<${include}>`
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

/** The path of a user's header. @throws {UsageError} for what is no file: clang waits for a FIFO's writer */
function headerPath(include: string, machine: Machine): string {
  if (machine.isFile(include)) return process.getBuiltinModule("node:path").resolve(include);
  throw new UsageError(`there is no file ${JSON.stringify(include)} for -I/--include`);
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

/** The statements at the beginning of a program: read the ids and return unless they are wanted. */
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

/** The kernel function of a hook: `sys_read` stands for this architecture's name of it. */
export function kernelFunction(name: string): string {
  const call = SHORT_SYSCALL.exec(name)?.[1];
  return call === undefined ? name : syscallFunction(call);
}

/** Whether it is a system call's entry, whose arguments are in the pt_regs passed as argument. */
export const isSyscall = (hook: Hook) =>
  hook.kind === "entry" && hook.library === undefined && SYSCALL.test(kernelFunction(hook.name));

/**
 * The beginning of a function: the user's signature names its arguments.
 *
 * @param probe the specifier as typed
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
    // libbcc defines this struct for functions that take it by this name.
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

/** The name of a program; libbcc recognizes system calls by its prefix. */
export function programName(hook: Hook, index: number): string {
  const name = hook.name.replaceAll(/\W/g, "_");
  return `${isSyscall(hook) ? "syscall__" : ""}probe_${index}_${name}`;
}

/** The type of the program's context parameter, `args` or `ctx`. */
export const contextName = (hook: Hook) => hook.kind === "tracepoint" ? "args" : "ctx";
