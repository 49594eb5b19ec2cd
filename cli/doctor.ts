/**
 * What this machine can and cannot trace, and how to fix it.
 *
 * @module
 */

import {
  type Answer,
  cgroupMount,
  exists,
  hasFentry,
  hasKernelBtf,
  hasKprobe,
  hasLibrary,
  hasMapType,
  hasProgramType,
  hasTracepoint,
  isPrivileged,
  readText,
} from "../mod.ts";
import { MINIMUM } from "../plumbing.ts";
import { capabilityLines } from "./capabilities.ts";
import { toJson } from "../toolkit/output/escape.ts";
import { flag, parseOptions } from "../toolkit/options/options.ts";
import { printText } from "../toolkit/output/output.ts";

/** One check. */
interface Check {
  readonly name: string;
  /** What the checked feature is needed for. */
  readonly serves: string;
  /** Set if no tool works without the checked feature. */
  readonly basic?: true;
  look(): Answer;
  /** The remedy if the answer is no. */
  readonly fix: string;
}

const yes: Answer = { answer: "yes" };
const no = (reason: string): Answer => ({ answer: "no", reason });
const unknown = (reason: string): Answer => ({ answer: "unknown", reason });
const there = (path: string): Answer => exists(path) ? yes : no(`${path} does not exist`);

const CHECKS: readonly Check[] = [
  {
    name: "privileges",
    serves: "loading programs",
    basic: true,
    look() {
      const answer = isPrivileged();
      if (answer === undefined) return unknown("/proc is not mounted");
      return answer ? yes : no("neither root nor CAP_BPF and CAP_PERFMON");
    },
    fix: "run it as root (sudo)",
  },
  {
    name: "libbpf",
    serves: "loading programs",
    basic: true,
    look: () => hasLibrary("libbpf"),
    fix:
      `install libbpf ${MINIMUM.libbpf} or later, or use an executable of ts-bcc, which carries it`,
  },
  {
    name: "kernel BTF",
    serves: "fitting programs to this kernel",
    basic: true,
    look: hasKernelBtf,
    fix: "boot a kernel with CONFIG_DEBUG_INFO_BTF=y, as distributions have since about 2021",
  },
  {
    name: "ring buffer",
    serves: "events",
    basic: true,
    look: () => hasMapType("RINGBUF"),
    fix: "boot Linux 5.8 or later",
  },
  {
    name: "tracepoints",
    serves: "most tools",
    basic: true,
    look() {
      const { answer, reason } = hasTracepoint("syscalls", "sys_enter_openat");
      return answer === "yes" ? yes : no(reason!);
    },
    fix: "run it as root (sudo)",
  },
  {
    name: "lockdown",
    serves: "reading kernel memory",
    basic: true,
    look() {
      const path = "/sys/kernel/security/lockdown";
      const mode = exists(path) ? /\[(\w+)\]/.exec(readText(path))?.[1] : "none";
      return mode === "confidentiality" ? no("it is in confidentiality mode") : yes;
    },
    fix: "boot with lockdown=integrity or without secure boot",
  },
  {
    name: "fentry, fexit",
    serves: "kernel functions, at the least cost",
    look: hasFentry,
    fix: "boot a kernel with CONFIG_FUNCTION_TRACER and BPF trampolines; kprobes serve as well",
  },
  {
    name: "kprobes",
    serves: "kernel functions",
    look: hasKprobe,
    fix: "boot a kernel with CONFIG_KPROBE_EVENTS=y; tools use tracepoints where there are some",
  },
  {
    name: "uprobes",
    serves: "functions of programs and libraries",
    look: () => there("/sys/bus/event_source/devices/uprobe/type"),
    fix: "boot a kernel with CONFIG_UPROBE_EVENTS=y",
  },
  {
    name: "LSM",
    serves: "security hooks",
    look: () => hasProgramType("LSM"),
    fix: "boot a kernel with CONFIG_BPF_LSM=y and bpf among lsm= of its command line",
  },
  {
    name: "hardware counters",
    serves: "profiles by CPU cycles; without them a clock is sampled",
    look: () => there("/sys/bus/event_source/devices/cpu"),
    fix: "none in most virtual machines",
  },
  {
    name: "kernel symbols",
    serves: "names of kernel functions in stacks",
    look() {
      const isHidden = !/^(?!0{16} )/m.test(readText("/proc/kallsyms").trimEnd());
      return isHidden ? no("/proc/kallsyms hides them from this process") : yes;
    },
    fix: "run it as root (sudo) or with CAP_SYSLOG, and sysctl kernel.kptr_restrict=1",
  },
  {
    name: "cgroup v2",
    serves: "--cgroup and --container",
    look: () => cgroupMount() === undefined ? no("it is not mounted") : yes,
    fix: "mount -t cgroup2 none /sys/fs/cgroup",
  },
  {
    name: "bpf file system",
    serves: "pinned maps",
    look: () => / bpf /.test(readText("/proc/self/mounts")) ? yes : no("it is not mounted"),
    fix: "mount -t bpf bpf /sys/fs/bpf",
  },
  {
    name: "libbcc",
    serves: "compiling programs at run time",
    look: () => hasLibrary("libbcc"),
    fix: "install libbpfcc (Debian, Ubuntu) or bcc (Fedora) if you need Bpf.compile",
  },
  {
    name: "kernel headers",
    serves: "compiling at run time; without them BTF serves",
    look: () => there(`/lib/modules/${release()}/build/include`),
    fix: "none needed; Debian, Ubuntu: apt install linux-headers-$(uname -r)",
  },
];

const release = () => readText("/proc/sys/kernel/osrelease").trim();
const NO_BASICS = 1;

/** Runs all checks and prints the results; the status says whether tools can work at all. */
export async function doctor(
  words: readonly string[],
  tools: readonly string[],
): Promise<number> {
  const { json } = parseOptions({ json: flag({ long: "json", help: "print JSON" }) }, words);
  const found = CHECKS.map((check) => ({ check, ...look(check) }));
  const basics = found.filter(({ check }) => check.basic).map(({ answer }) => answer);
  const works = basics.every((answer) => answer === "yes");
  const conclusion = works
    ? "Tools can work here."
    : basics.includes("no")
    ? "Tools cannot work here: see the lines that say NO."
    : "Whether tools can work here could not be told: see the lines that say ?.";
  const lines = json
    ? found.map(({ check: { name, serves, basic = false, fix }, answer, reason }) =>
      toJson({ name, serves, basic, answer, ...answer === "yes" ? {} : { reason, fix } })
    )
    : [
      `Linux ${release()} ${process.arch}`,
      ...found.flatMap(({ check, answer, reason }) => linesOf(check, answer, reason)),
      ...capabilityLines(tools),
      conclusion,
    ];
  await printText(lines.join("\n"));
  return works ? 0 : NO_BASICS;
}

function look(check: Check): Answer {
  try {
    return check.look();
  } catch (error) {
    return unknown(error instanceof Error ? error.message : String(error));
  }
}

function linesOf({ name, serves, basic, fix }: Check, answer: string, reason = ""): string[] {
  const mark = answer === "yes" ? "yes" : answer === "no" ? (basic ? "NO" : "no") : "?";
  const line = `  ${mark.padEnd(4)} ${name.padEnd(18)} ${serves}`;
  return answer === "yes" ? [line] : [line, `       ${reason}`, `       fix: ${fix}`];
}
