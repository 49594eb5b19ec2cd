/**
 * Features that tests require. A test is skipped, with the reason, where the kernel cannot have the
 * feature, and fails where the kernel should have it but does not.
 *
 * @module
 */

import { spawnSync } from "node:child_process";
import { appendFileSync, existsSync, readFileSync } from "node:fs";
import { release } from "node:os";
import { hasIterator } from "../../mod.ts";
import { buildProgram } from "./build.ts";

/** The kernel on which a test runs, or would run. */
export interface Kernel {
  /** True for the machine's own kernel, false for a guest's. */
  readonly isMachine: boolean;
  /** Node's name of the architecture. Default: x64. */
  readonly architecture?: string;
  readonly version: readonly [major: number, minor: number];
}

/** A feature that tests may require; `lacks` returns why a kernel is expected to lack it. */
interface Requirement {
  readonly lacks: (kernel: Kernel) => string | undefined;
  /** Set if the feature depends on what is installed or how the tests are run, not on the kernel. */
  readonly isOfTheRun?: true;
}

/** The kernel of the machine on which the project is developed. */
export const MACHINE: Kernel = { isMachine: true, version: [6, 18] };

const here: Kernel = {
  isMachine: !process.env.TSBCC_GUEST_KERNEL,
  architecture: process.arch,
  version: release().split(".").slice(0, 2).map(Number) as [number, number],
};
const olderThan = ({ version }: Kernel, major: number, minor: number) =>
  version[0] < major || version[0] === major && version[1] < minor;

/** A feature that every guest's kernel has, and the machine's own kernel is built without. */
const inGuestsOnly = (what: string): Requirement => ({
  lacks: ({ isMachine }) =>
    isMachine ? `this machine's kernel has no ${what}; the guests have` : undefined,
});

/** A feature that every guest has, and that a probe looks for on the machine's own kernel: machines differ. */
const probedHere = (probe: () => string | undefined): Requirement => ({
  lacks: ({ isMachine }) => isMachine && here.isMachine ? probe() : undefined,
});

/** Only "no" skips the test; if the probe could not tell, the test runs and shows what is wrong. */
function lackOfMapIterator(): string | undefined {
  const { answer, reason } = hasIterator("bpf_map_elem");
  return answer === "no" ? `${reason}; the guests have them` : undefined;
}

/** Checks all limits on threads: of the kernel, of the cgroups of a container, of the user (ulimit). */
function lackOfThreads(): string | undefined {
  const needed = 12_000;
  const path = /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8"))?.[1] ?? "/";
  const parts = path.split("/").filter(Boolean);
  const groups = [...parts.keys(), parts.length].map((end) => parts.slice(0, end).join("/"));
  const limits = groups.map((group) => `/sys/fs/cgroup/${group}/pids.max`).filter(existsSync);
  const user = /^Max processes +(\d+)/m.exec(readFileSync("/proc/self/limits", "utf8"))?.[1];
  const all = ["/proc/sys/kernel/threads-max", "/proc/sys/kernel/pid_max", ...limits]
    .map((file) => readFileSync(file, "utf8")).concat(user ?? []);
  const least = Math.min(...all.map(Number).filter(Number.isFinite));
  return least < needed ? `no more than ${least} threads are allowed here` : undefined;
}

/** Without CONFIG_IA32_EMULATION `int $0x80` raises SIGSEGV. */
function lackOfCompatCalls(): string | undefined {
  if (process.arch !== "x64") return "only x86-64 runs system calls of 32 bit programs so";
  const program = buildProgram("calls.c");
  const { status, signal, error } = spawnSync(program, ["foreign=1"], { input: "\n" });
  if (signal === "SIGSEGV") {
    return "this kernel has no system calls of 32 bit programs (int 0x80 ends in SIGSEGV); the guests have";
  }
  if (status !== 0) throw error ?? new Error(`Cannot run ${program}: ${signal ?? status}`);
  return undefined;
}

const since = (what: string, major: number, minor: number): Requirement => ({
  lacks: (kernel) =>
    olderThan(kernel, major, minor) ? `${what} came with Linux ${major}.${minor}` : undefined,
});

/** Hooks that need BPF trampolines; arm64 has them since Linux 6.4 (DYNAMIC_FTRACE_WITH_DIRECT_CALLS). */
const byTrampoline = (what: string): Requirement => ({
  lacks: (kernel) =>
    inGuestsOnly(what).lacks(kernel) ??
      (kernel.architecture === "arm64" && olderThan(kernel, 6, 4)
        ? `${what} came to arm64 with Linux 6.4`
        : undefined),
});

const lackedByArm64 = (reason: string): Requirement => ({
  lacks: ({ architecture }) => architecture === "arm64" ? reason : undefined,
});

const kprobe = inGuestsOnly("kprobes");
const headers = inGuestsOnly("headers");

/** Why this machine's libbcc cannot compile a kernel's headers; undefined if it can. */
const unreadable = (kernel: Kernel) =>
  olderThan(kernel, 6, 10)
    ? undefined
    : "libbcc 0.26 puts its own uapi/linux/bpf.h before the kernel's: " +
      "net/sock.h needs struct bpf_wq from there since Linux 6.10";

/** A program that test.sh need not install: large ones, and those that no test of the gate depends on. */
const installed = (...paths: string[]): Requirement => ({
  lacks: () =>
    paths.some((path) => existsSync(path)) ? undefined : `${paths.join(" or ")} is not installed`,
  isOfTheRun: true,
});

const REQUIREMENTS = {
  java: installed("/usr/bin/java"),
  go: installed("/usr/lib/go-1.19/bin/go"),
  javac: installed("/usr/bin/javac"),
  arm64Headers: installed("/usr/aarch64-linux-gnu/include/asm/unistd.h"),
  lintian: installed("/usr/bin/lintian"),
  skopeo: installed("/usr/bin/skopeo"),
  qemuUser: installed("/usr/bin/qemu-aarch64-static"),
  chromium: installed("/usr/bin/chromium"),
  protoc: installed("/usr/bin/protoc"),
  mariadb: installed("/usr/sbin/mariadbd"),
  node: installed("/usr/bin/node"),
  perf: installed("/usr/bin/perf"),
  perl: installed("/usr/bin/perl"),
  php: installed("/usr/bin/php"),
  postgres: installed("/usr/lib/postgresql/15/bin/postgres"),
  python: installed("/usr/bin/python3"),
  ruby: installed("/usr/bin/ruby"),
  tcl: installed("/usr/bin/tclsh"),
  kprobe,
  fentry: byTrampoline("fentry"),
  lsm: byTrampoline("BPF LSM"),
  freplace: byTrampoline("programs in the place of another's functions"),
  modules: inGuestsOnly("modules"),
  mapIterator: probedHere(lackOfMapIterator),
  compatCalls: probedHere(lackOfCompatCalls),
  manyThreads: probedHere(lackOfThreads),
  userTables: lackedByArm64("user stacks without frame pointers are walked on x86-64 only"),
  oldCalls: lackedByArm64("arm64 has no system call rmdir, which the workload makes"),
  directIo: lackedByArm64("files of the host cannot be opened with O_DIRECT there (EINVAL)"),
  x86Kvm: lackedByArm64("the workload is a virtual machine that runs x86 code"),
  // Guests have two NUMA nodes in ./test.sh --full.
  numa: {
    lacks: (kernel) =>
      kernel.isMachine
        ? "this machine has one NUMA node; guests of ./test.sh --full have two"
        : here.isMachine || existsSync("/sys/devices/system/node/node1")
        ? undefined
        : "this guest has one NUMA node; those of ./test.sh --full have two",
  },
  headers,
  socketHeaders: { lacks: (kernel) => headers.lacks(kernel) ?? unreadable(kernel) },
  // In the kernel since 5.18, but Debian's 6.1 is built without CONFIG_FPROBE.
  kprobeMulti: {
    lacks: (kernel) =>
      kprobe.lacks(kernel) ??
        (kernel.architecture === "arm64"
          ? "Debian's kernels for arm64 are built without CONFIG_FPROBE"
          : since("kprobe-multi in Debian", 6, 2).lacks(kernel)),
  },
  cookies: since("a probe's cookie", 5, 15),
  mountAttributes: since("mount_setattr(2)", 5, 12),
  // Debian's 5.10 lacks it and 6.1 has it; versions in between were not checked.
  mptcp: since("MPTCP in Debian", 5, 11),
  queueNames: since("the work queue's name in workqueue/workqueue_queue_work", 5, 11),
  blockIoStart: since("block_io_start, which tells who asks for a flush,", 6, 5),
  uprobeMulti: since("uprobe-multi", 6, 6),
  socketProtocolHook: since("update_socket_protocol", 6, 6),
  netfilter: since("BPF programs in netfilter", 6, 4),
  tcx: since("links of classifiers (tcx)", 6, 6),
  structOpsLinks: since("links of struct_ops", 6, 4),
  userRing: since("user ring buffers", 6, 1),
  // Debian's 6.1 lacks it and 6.12 has it; versions in between were not checked.
  syscallStacks: since("kernel stacks at the tracepoints of system calls", 6, 2),
  // Not a kernel feature: the test takes long everywhere, and runs only in ./test.sh --full.
  full: {
    lacks: () =>
      process.env.TSBCC_TEST_FULL ? undefined : "it takes long: ./test.sh --full runs it",
    isOfTheRun: true,
  },
  // Not a kernel feature: the test takes long under emulation and shows nothing new there.
  speed: {
    lacks: ({ isMachine }) =>
      isMachine ? undefined : "what it shows does not depend on the kernel: the machine ran it",
  },
} satisfies Record<string, Requirement>;

/** The name of a feature that a test may require. */
export type Feature = keyof typeof REQUIREMENTS;

/**
 * Logs why a test is skipped, and returns the reason: the runtimes' reports lack it, test.sh prints the log.
 */
export function skipped(test: string, reason: string): string {
  const log = process.env.TSBCC_SKIP_LOG;
  if (log) appendFileSync(log, `${test}\t${reason}\n`);
  return reason;
}

/** The `skip` of a test's options: false if the kernel should have all features, else the reason. */
export function requires(test: string, ...features: [Feature, ...Feature[]]): string | false {
  return requiresAll(test, features);
}

/**
 * Why a kernel lacks one of the features, ignoring what is installed on this machine; undefined if none is
 * lacking.
 */
export function reasonOn(features: readonly Feature[], kernel: Kernel): string | undefined {
  const all: readonly Requirement[] = features.map((feature) => REQUIREMENTS[feature]);
  return all.filter(({ isOfTheRun }) => !isOfTheRun)
    .map(({ lacks }) => lacks(kernel)).find((reason) => reason !== undefined);
}

/** As {@linkcode requires}, for a list that may be empty. */
export function requiresAll(test: string, features: readonly Feature[]): string | false {
  for (const feature of features) {
    const reason = REQUIREMENTS[feature].lacks(here);
    if (reason === undefined) continue;
    return skipped(test, reason);
  }
  return false;
}
