/**
 * The options that the running kernel was built with, as the macros by which C code tests them.
 *
 * @module
 */

import { exists, readFile, readText } from "../../../ffi/libc/files.ts";
import { type Btf, BtfKind } from "../../btf/btf.ts";
import { kernelBtf } from "../../btf/kernel_btf.ts";

/** The value of each option that is set: `y`, `m`, a number or a string in quotes. */
export type KernelConfig = ReadonlyMap<string, string>;

/** Where a kernel with CONFIG_IKCONFIG_PROC exposes its configuration. */
const IN_PROC = "/proc/config.gz";

/**
 * Options and a struct member that exists only with them, for kernels that do not expose their
 * configuration.
 */
const IMPLIED: readonly (readonly [option: string, type: string, member: string])[] = [
  ["CONFIG_NET_NS", "possible_net_t", "net"],
  ["CONFIG_IPV6", "sock_common", "skc_v6_daddr"],
  ["CONFIG_CGROUPS", "task_struct", "cgroups"],
  ["CONFIG_CPUSETS", "task_struct", "mems_allowed"],
  ["CONFIG_MEMCG", "mem_cgroup", "css"],
  ["CONFIG_NUMA", "task_struct", "mempolicy"],
  ["CONFIG_NUMA_BALANCING", "task_struct", "numa_faults"],
  ["CONFIG_SECURITY", "inode", "i_security"],
  ["CONFIG_SCHED_INFO", "task_struct", "sched_info"],
  ["CONFIG_FAIR_GROUP_SCHED", "sched_entity", "cfs_rq"],
  ["CONFIG_THREAD_INFO_IN_TASK", "task_struct", "thread_info"],
  ["CONFIG_BLK_CGROUP", "bio", "bi_blkg"],
  ["CONFIG_NET_SCHED", "net_device", "qdisc_hash"],
];

let running: KernelConfig | undefined;

/** The running kernel's options, read once: from /proc, from /boot, or from what its BTF shows. */
export function kernelConfig(): KernelConfig {
  return running ??= readConfig();
}

function readConfig(): KernelConfig {
  if (exists(IN_PROC)) {
    const { gunzipSync } = process.getBuiltinModule("node:zlib");
    return parseConfig(new TextDecoder().decode(gunzipSync(readFile(IN_PROC))));
  }
  const file = `/boot/config-${readText("/proc/sys/kernel/osrelease").trim()}`;
  return exists(file) ? parseConfig(readText(file)) : impliedConfig(kernelBtf());
}

/** Reads lines `CONFIG_NAME=value`. */
export function parseConfig(text: string): KernelConfig {
  return new Map(
    [...text.matchAll(/^(CONFIG_\w+)=(.+)$/gm)].map(([, name, value]) => [name!, value!] as const),
  );
}

/** The options without which the kernel's types would lack these members. */
export function impliedConfig(btf: Btf): KernelConfig {
  const set = IMPLIED.filter(([, type, member]) => hasMember(btf, type, member));
  return new Map(set.map(([option]) => [option, "y"]));
}

function hasMember(btf: Btf, type: string, member: string): boolean {
  const id = btf.find(type, BtfKind.STRUCT, BtfKind.TYPEDEF);
  return id !== undefined && btf.members(btf.resolve(id)).some(({ name }) => name === member);
}

/**
 * The macros of one option: its own, `_MODULE` behind its name for one built as a module, and those
 * that {@linkcode OPTION_MACROS} look at.
 */
export function optionMacros(option: string, config: KernelConfig): string[] {
  const value = config.get(option);
  const [builtIn, module] = [value === "y", value === "m"];
  const answers = [
    `#define __IS_BUILTIN_${option} ${Number(builtIn)}`,
    `#define __IS_MODULE_${option} ${Number(module)}`,
    `#define __IS_ENABLED_${option} ${Number(builtIn || module)}`,
  ];
  if (value === undefined) return answers;
  if (module) return [`#define ${option}_MODULE 1`, ...answers];
  return [`#define ${option} ${builtIn ? "1" : value}`, ...answers];
}

/** A macro that tests an option; the argument must be the literal name. */
export const OPTION_MACROS: readonly string[] = [
  "IS_BUILTIN(option) __IS_BUILTIN_##option",
  "IS_MODULE(option) __IS_MODULE_##option",
  "IS_ENABLED(option) __IS_ENABLED_##option",
  // BPF programs are no part of the kernel image, so modules count too.
  "IS_REACHABLE(option) __IS_ENABLED_##option",
];
