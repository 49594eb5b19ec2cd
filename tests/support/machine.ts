/**
 * A pretended machine: tests of plans, which start no process, plan for it.
 *
 * @module
 */

import type { Answer } from "../../mod.ts";
import type { Machine } from "../../toolkit/machine/machine.ts";

/** The machine's files: a disk, a network interface, the file systems that tools know. */
const FILES: Readonly<Record<string, string>> = {
  "/etc/passwd": "root:x:0:0:root:/root:/bin/sh\n",
  "/proc/181": "",
  "/proc/self/mountinfo": "25 1 8:1 / / rw - ext4 /dev/sda1 rw\n",
  "/proc/sys/kernel/pid_max": "4194304\n",
  "/sys/class/block/sda/dev": "8:0\n",
  "/sys/class/block/sda1/dev": "8:1\n",
  "/sys/class/block/sda1/partition": "1\n",
  "/sys/class/net/eth0/ifindex": "2\n",
  "/sys/class/net/eth0/queues/rx-0": "",
  "/sys/class/net/eth0/queues/tx-0": "",
  "/sys/dev/block/8:0": "",
  "/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq": "1600000\n",
};

const missing = (what: string) => Object.assign(new Error(`no ${what}`), { code: "ENOENT" });

/** Hooks and files with "nothing" in their name do not exist. */
const isThere = (name: string) => !name.includes("nothing");

/**
 * Returns a pretended machine with four CPUs.
 *
 * @param answer whether its kernel has the hooks and types that tools ask for
 */
export function pretend(answer: "yes" | "no" = "yes"): Machine {
  const has = (name: string): Answer =>
    answer === "yes" && isThere(name) ? { answer } as Answer : { answer: "no", reason: "not here" };
  return {
    pid: 4321,
    onlineCpus: () => [0, 1, 2, 3],
    lruEntries: (keys) => keys + 512,
    hasHook: has,
    structHasField: has,
    enumHasValue: has,
    canWalkStacks: () => has("bpf_task_pt_regs"),
    hasRawCookies: () => ({ answer: "yes" }),
    hasFileSystem: (type) => has(type).answer === "yes",
    kernelFunctions: (pattern) =>
      ["lookup_fast", "vfs_read", "vfs_write"].filter((name) => pattern.test(name)),
    parametersOf: () => [],
    functionsTaking: (names) => new Map([...names].map((name) => [name, 0])),
    tracepoints: (pattern) =>
      ["sched/sched_process_exec", "syscalls/sys_enter_execve"].filter((name) =>
        pattern.test(name)
      ),
    tracepointFields: () => [],
    findFile: (name) => isThere(name) ? `/usr/lib/${name.replace(/^.*\//, "")}` : undefined,
    userFunctions: (_, pattern) =>
      ["getpid", "malloc"].filter((name) => pattern.test(name))
        .map((name, i) => ({ name, offset: 4096 + 16 * i })),
    usdtProbes: () => [],
    exists: (path) => path in FILES,
    readText(path) {
      const text = FILES[path];
      if (text === undefined) throw missing(path);
      return text;
    },
    namesIn: (directory) => directory === "/" ? ["srv"] : [],
    isFile: (path) => path in FILES,
    isDirectory: (path) => /^(\/|\/srv\/?)$/.test(path),
    directoryInfo(path) {
      if (!this.isDirectory(path)) throw missing(path);
      return "pos:\t0\nmnt_id:\t25\nino:\t2\n";
    },
    characterDevice: (path) => isThere(path) ? { rdev: 0x8802n, dev: 0x17n, ino: 5n } : undefined,
    namespaceInode: () => 4026531836,
    namespaceDevice: () => 4,
    cgroupId: () => 77n,
  };
}
