/**
 * The calls by which bcc checks that its tools start and end (tests/python/test_tools_smoke.py, as of November 2025):
 * ours end as they do. What they show is said by their cases. Not those of gethostlatency and sslsniff, which probe
 * libraries for the whole machine, of ppchcalls, which is for POWER, and of tools whose own tests have them: cases
 * without arguments are such, and file systems that come with a module have canaries.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type Feature, requiresAll } from "../support/requires.ts";
import { Running } from "../support/process.ts";
import { runTool, startTool, stopTool } from "../support/tool.ts";

/** A function that is called all the time, by its name since Linux 6.10 or before. */
const KMALLOC = readFileSync("/proc/kallsyms", "utf8").includes(" T __kmalloc_noprof\n")
  ? "__kmalloc_noprof"
  : "__kmalloc";

interface Calls {
  /** `{pid}` is a process that sleeps. */
  readonly calls: readonly string[];
  /** What they need besides; those that need nothing run on the machine's own kernel only. */
  readonly requires?: readonly Feature[];
}

/** They print one report and end by themselves. */
const REPORTS: readonly Calls[] = [
  { calls: ["btrfsdist 1 1", "ext4dist 1 1", "filetop 1 1", "slabratetop 1 1", "vfsstat 1 1"] },
  { calls: ["biotop 1 1", "tcptop 1 1"] },
  { calls: ["dcstat 1 1"], requires: ["kprobe", "fentry"] },
  { calls: ["argdist -v -C p::do_sys_open() -n 1 -i 1"], requires: ["kprobe", "full"] },
];

/** They print what there is and end by themselves. */
const ENDING: readonly Calls[] = [
  {
    calls: [
      "bpflist",
      "cachestat 1 1",
      "cpuunclaimed 1 1",
      "hardirqs 1 1",
      "runqlen 1 1",
      "softirqs 1 1",
      "ustat 1 1",
      "wakeuptime 1",
    ],
  },
  {
    calls: [
      "biolatency 1 1",
      "cpudist 1 1",
      "memleak 1 1",
      "runqlat 1 1",
      "tcpcong 1 1",
      "wqlat 1 1",
    ],
  },
  // They read the symbols of all that runs; on a busy machine offwaketime prints a hundred thousand lines.
  { calls: ["offcputime 1", "offwaketime 1", "profile 1"], requires: ["speed", "full"] },
];

/** They end at Ctrl-C. */
const INTERRUPTED: readonly Calls[] = [
  {
    calls: [
      "bitesize",
      "btrfsslower",
      "filelife",
      "fileslower",
      "mdflush",
      "mountsnoop",
      "oomkill",
      "statsnoop",
      "syncsnoop",
      "ttysnoop /dev/console",
    ],
  },
  {
    calls: [
      "solisten",
      "tcpaccept",
      "tcpconnect",
      "tcpconnlat",
      "tcplife",
      "tcpretrans",
      "tcptracer",
    ],
  },
  {
    calls: [
      "bashreadline",
      "capable",
      "pidpersec",
      "ucalls -l none -S {pid}",
      "uobjnew -l c {pid}",
      "uthreads {pid}",
    ],
  },
  {
    calls: ["biotop", "compactsnoop", "ext4slower", "klockstat", "softirqslower", "syscount -i 1"],
  },
  {
    calls: [
      `funccount ${KMALLOC} -i 1`,
      `funclatency ${KMALLOC} -i 1`,
      `funcslower ${KMALLOC}`,
      `stackcount ${KMALLOC} -i 1`,
    ],
    requires: ["kprobe", "full"],
  },
  { calls: ["trace do_sys_open"], requires: ["kprobe", "full"] },
  { calls: ["dcsnoop"], requires: ["kprobe", "fentry"] },
  { calls: ["vfscount"], requires: ["kprobeMulti"] },
];

/** One test of calls that run at once: they mostly wait for the kernel to attach and detach. */
function testAll(
  lists: readonly Calls[],
  what: string,
  run: (name: string, ...args: string[]) => Promise<void>,
): void {
  for (const { calls, requires = ["speed"] as const } of lists) {
    const title = `${calls.join(", ")}: ${what}`;
    test(title, { skip: requiresAll(title, requires) }, async () => {
      await using sleeper = Running.start(["sleep", "infinity"]);
      await Promise.all(calls.map((call) => {
        const [name, ...args] = call.replace("{pid}", String(sleeper.pid)).split(" ");
        return run(name!, ...args);
      }));
    });
  }
}

testAll(REPORTS, "print a report and end", async (name, ...args) => {
  const { status, stdout, stderr } = await runTool(name, ...args);
  assert.equal(status, 0, `${name}: ${stderr}`);
  assert.match(stdout, /\d\d:\d\d:\d\d/, name);
});

testAll(ENDING, "end", async (name, ...args) => {
  const { status, stdout, stderr } = await runTool(name, ...args);
  assert.equal(status, 0, `${name}: ${stderr}`);
  assert.match(stdout, /\w/, name);
});

testAll(INTERRUPTED, "end at Ctrl-C", async (name, ...args) => {
  await using running = await startTool(name, ...args);
  await stopTool(running);
});
