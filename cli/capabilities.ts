/**
 * The least capabilities of each tool, for those who do not run it as root.
 *
 * @module
 */

/** Tools that read the ids of tracepoints from tracefs, which takes CAP_DAC_READ_SEARCH. */
const TRACEFS = [
  "bindsnoop",
  "btrfsdist",
  "btrfsslower",
  "dirtop",
  "execsnoop",
  "exitsnoop",
  "ext4dist",
  "ext4slower",
  "f2fsslower",
  "filegone",
  "filelife",
  "fileslower",
  "filetop",
  "fsdist",
  "fsslower",
  "futexctn",
  "killsnoop",
  "kvmexit",
  "mountsnoop",
  "nfsdist",
  "nfsslower",
  "oomkill",
  "opensnoop",
  "shmsnoop",
  "sofdsnoop",
  "solisten",
  "statsnoop",
  "syncsnoop",
  "syscount",
  "tcpaccept",
  "tcpconnect",
  "tcplife",
  "tcptracer",
  "tplist",
  "ttysnoop",
  "vfsstat",
  "xfsdist",
  "xfsslower",
  "zfsdist",
  "zfsslower",
] as const;

/**
 * Tools that probe user programs and libraries through perf events on every kernel, which takes
 * CAP_SYS_ADMIN.
 */
const PROGRAMS = [
  "argdist",
  "bashreadline",
  "deadlock",
  "gethostlatency",
  "memleak -p",
  "rubyallocs",
  "sslsniff",
  "threadsnoop",
  "trace",
  "ucalls",
  "uflow",
  "ugc",
  "uobjnew",
  "uthreads",
] as const;

/** Whether a tool reads tracefs at every start; others read it only for a tracepoint (`t:…`). */
export const readsTracefs = (tool: string): boolean => TRACEFS.some((name) => name === tool);

/** The help text: the capabilities that are needed instead of root, and by which of these tools. */
export function capabilityLines(tools: readonly string[]): string[] {
  return [
    "CAP_BPF and CAP_PERFMON serve instead of root, with Linux 5.8 or later, and",
    ...wrap(
      "CAP_DAC_READ_SEARCH",
      `to read tracefs: ${tools.filter(readsTracefs).join(", ")}, and all that are asked for a ` +
        "tracepoint (t:…)",
    ),
    ...wrap("CAP_SYSLOG", "to name functions of the kernel in stacks and by address"),
    ...wrap(
      "CAP_SYS_PTRACE",
      "to look into processes of other users: -p, and names in their stacks",
    ),
    ...wrap(
      "CAP_SYS_ADMIN",
      `for kprobes, functions and USDT probes of programs (${PROGRAMS.join(", ")}), for types ` +
        "that only modules have, and where tracefs is not mounted",
    ),
  ];
}

const WIDTH = 79;
const INDENT = 22;

function wrap(name: string, text: string): string[] {
  const lines: string[] = [];
  let line = `  ${name}`.padEnd(INDENT - 1);
  for (const word of text.split(" ")) {
    if (line.length + 1 + word.length > WIDTH) {
      lines.push(line);
      line = " ".repeat(INDENT - 1);
    }
    line += ` ${word}`;
  }
  return [...lines, line];
}
