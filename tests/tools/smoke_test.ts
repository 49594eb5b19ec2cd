/**
 * The command lines of bcc's smoke test (tests/python/test_tools_smoke.py, as of November 2025): our tools start and
 * end with them as bcc's do; their cases test what they show. Left out are gethostlatency and sslsniff, which probe
 * libraries for the whole machine, ppchcalls, which is for POWER, and command lines that other tests cover: those
 * without arguments, and file systems in modules, which have canaries.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { type Feature, requiresAll } from "../support/requires.ts";
import { Running } from "../support/process.ts";
import { runTool, startTool, stopTool } from "../support/tool.ts";

/** The name of a kernel function that is called often; Linux 6.10 renamed it. */
const KMALLOC = readFileSync("/proc/kallsyms", "utf8").includes(" T __kmalloc_noprof\n")
  ? "__kmalloc_noprof"
  : "__kmalloc";

interface Calls {
  /** `{pid}` is a process that sleeps. */
  readonly calls: readonly string[];
  /** Required features; without any, the calls run only on the machine's own kernel. */
  readonly requires?: readonly Feature[];
}

/** Command lines that print one report and end. */
const REPORTS: readonly Calls[] = [
  { calls: ["btrfsdist 1 1", "ext4dist 1 1", "filetop 1 1", "slabratetop 1 1", "vfsstat 1 1"] },
  { calls: ["biotop 1 1", "tcptop 1 1"] },
  { calls: ["dcstat 1 1"], requires: ["kprobe", "fentry"] },
  { calls: ["argdist -v -C p::do_sys_open() -n 1 -i 1"], requires: ["kprobe", "full"] },
];

/** Command lines that list something, or run for a limited time, and end. */
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
  // These resolve symbols of all running processes; on a busy machine offwaketime prints 100,000 lines.
  { calls: ["offcputime 1", "offwaketime 1", "profile 1"], requires: ["speed", "full"] },
];

/** Command lines that run until SIGINT. */
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

/** Registers a test that runs calls in parallel: they mostly wait for the kernel to attach and detach. */
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
