import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { test } from "node:test";
import { capabilityLines, readsTracefs } from "../../cli/capabilities.ts";
import { tools } from "../../tools/list.ts";
import { buildProgram, PROJECT } from "../support/build.ts";
import { Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { READY, toolCommand, withCapabilities } from "../support/tool.ts";

/**
 * Arguments in place of a tool's sample; `undefined` leaves a tool out: it needs a Ruby process, hardware
 * counters, a file system or hooks that not every machine has, or more capabilities (for functions of libraries),
 * or it loads nothing.
 */
const ARGUMENTS: Readonly<Record<string, readonly string[] | undefined>> = {
  criticalstat: undefined,
  ppchcalls: undefined,
  biolatpcts: [readdirSync("/sys/block")[0]!],
  bpflist: undefined,
  cpufreq: undefined,
  f2fsslower: undefined,
  gethostlatency: undefined,
  inject: undefined,
  ksnoop: undefined,
  llcstat: undefined,
  nfsdist: undefined,
  nfsslower: undefined,
  argdist: ["-C", "t:sched:sched_switch():int:1"],
  funccount: ["c:getppid"],
  funclatency: ["c:getppid"],
  rubyallocs: undefined,
  stackcount: ["c:getppid"],
  swapin: undefined,
  threadsnoop: undefined,
  tplist: ["sched:sched_switch"],
  trace: ["t:sched:sched_switch", "-n", "none"],
  mptcpify: undefined,
  rdmaucma: undefined,
  sslsniff: undefined,
  bashreadline: undefined,
  dcsnoop: undefined,
  dcstat: undefined,
  vfscount: undefined,
  virtiostat: undefined,
  dbslower: undefined,
  dbstat: undefined,
  deadlock: undefined,
  javagc: undefined,
  mysqld_qslower: undefined,
  ucalls: undefined,
  uflow: undefined,
  ugc: undefined,
  uobjnew: undefined,
  uthreads: undefined,
  zfsdist: undefined,
  zfsslower: undefined,
};

/** Tools that trace a tracepoint with these arguments, and so read tracefs. */
const ASKED = ["argdist", "funcinterval", "trace"];

const LEAST = ["CAP_BPF", "CAP_PERFMON"];
const TRACEFS = "CAP_DAC_READ_SEARCH";

/** The first message of a tool: its ready line, or an error. */
async function beginning(
  name: string,
  capabilities: readonly string[],
  args = ARGUMENTS[name],
  pattern = /^.*\n/,
): Promise<string> {
  const { sample } = (await tools[name as keyof typeof tools]!()).default;
  const command = [...toolCommand(name), ...args ?? (sample || [])];
  await using running = Running.start(withCapabilities(capabilities, command), READY);
  if (name === "tplist") {
    const { status, stdout, stderr } = await running.result;
    return status === 0 ? stdout.replace(/^sched:sched_switch$/m, "ready") : stderr;
  }
  const [said] = await running.find("stderr", pattern);
  return said;
}

for (const name of Object.keys(tools)) {
  if (name in ARGUMENTS && ARGUMENTS[name] === undefined) continue;
  const title = `${name} starts with the capabilities that doctor tells, and not with less`;
  test(title, { skip: requires(title, "speed") }, async () => {
    const wantsTracefs = readsTracefs(name) || ASKED.includes(name);
    const needed = wantsTracefs ? [...LEAST, TRACEFS] : LEAST;
    assert.equal(await beginning(name, needed), "ready\n");
    if (wantsTracefs) {
      const said = await beginning(name, LEAST);
      assert.match(
        said,
        /: this process must not read \/sys\/kernel\/tracing: .*CAP_DAC_READ_SEARCH$/m,
      );
    }
    if (name === "tplist") return;
    const said = await beginning(name, ["CAP_BPF", TRACEFS]);
    assert.match(
      said,
      /: run it as root \(sudo\), or give it the capabilities CAP_BPF and CAP_PERFMON/,
    );
  });
}

/** Tools with uprobes in system-wide programs and libraries, which need perf events. */
const IN_PROGRAMS = ["bashreadline", "gethostlatency", "sslsniff", "threadsnoop"];

const TAKES_ADMIN =
  /\(EACCES\): this takes CAP_SYS_ADMIN besides CAP_BPF and CAP_PERFMON, as kprobes and probes of programs and libraries do/;

for (const name of IN_PROGRAMS) {
  const title = `${name} starts with CAP_SYS_ADMIN besides the least capabilities, and not without`;
  test(title, { skip: requires(title, "speed") }, async () => {
    assert.equal(await beginning(name, [...LEAST, "CAP_SYS_ADMIN"]), "ready\n");
    assert.match(await beginning(name, LEAST), TAKES_ADMIN);
    assert.ok(capabilityLines([]).join(" ").includes(name), name);
  });
}

/** Tools with uprobes in one process, which runs as the same user; by tool: the words before the pid. */
const OF_PROCESSES: Readonly<
  Record<string, { command(): string[]; tools: Record<string, string[]> }>
> = {
  threads: {
    command: () => [buildProgram("thread_maker.c", ["-O0"]), "waits=1"],
    tools: { deadlock: [], memleak: ["-p"], uthreads: [] },
  },
  ruby: {
    command: () => ["/usr/bin/ruby", `${PROJECT}tests/support/languages/calls.rb`],
    tools: { rubyallocs: [], ucalls: [], uflow: [], ugc: [], uobjnew: [] },
  },
};

for (const [what, { command, tools }] of Object.entries(OF_PROCESSES)) {
  const names = Object.keys(tools).join(", ");
  const title = `${names} start with CAP_SYS_ADMIN besides the least capabilities, and not without`;
  const needs = what === "ruby" ? ["ruby" as const] : [];
  test(title, { skip: requires(title, "speed", "full", ...needs) }, async () => {
    await using running = Running.start(withCapabilities([], command()));
    await running.find("stdout", /^pid \d+$/m);
    for (const [name, before] of Object.entries(tools)) {
      const args = [...before, String(running.pid)];
      assert.match(await beginning(name, LEAST, args), TAKES_ADMIN);
      // Some tools print a line about what they trace, or cannot see, before that.
      const said = await beginning(
        name,
        [...LEAST, "CAP_SYS_ADMIN"],
        args,
        /^ready\n|^.*Cannot .*\n/m,
      );
      assert.equal(said, "ready\n");
      assert.ok(capabilityLines([]).join(" ").includes(name), name);
    }
  });
}

/** Tools whose hooks this machine's kernel lacks: their arguments, and whether all their hooks are kprobes. */
const ELSEWHERE: Readonly<Record<string, { args: string[]; byKprobes?: true }>> = {
  dcsnoop: { args: [] },
  dcstat: { args: [], byKprobes: true },
  ksnoop: { args: ["trace", "ip_send_skb"], byKprobes: true },
  swapin: { args: [] },
};

for (const [name, { args, byKprobes }] of Object.entries(ELSEWHERE)) {
  const title = `${name} starts where its hooks are with the capabilities that doctor tells`;
  test(title, { skip: requires(title, "kprobe", "fentry", "full") }, async () => {
    if (byKprobes) assert.match(await beginning(name, LEAST, args), TAKES_ADMIN);
    const needed = byKprobes ? [...LEAST, "CAP_SYS_ADMIN"] : LEAST;
    assert.equal(await beginning(name, needed, args), "ready\n");
    assert.match(
      await beginning(name, ["CAP_BPF"], args),
      /: run it as root \(sudo\), or give it the capabilities CAP_BPF and CAP_PERFMON/,
    );
  });
}

const PROBES = "trace says that functions of programs take more than the least capabilities";
test(PROBES, { skip: requires(PROBES, "speed") }, async () => {
  const command = [...toolCommand("trace"), "c:getppid"];
  const { status, stdout, stderr } = await Running.start(
    withCapabilities([...LEAST, TRACEFS], command),
  ).result;
  assert.deepEqual([status, stdout], [1, ""]);
  assert.match(stderr, /^trace: [^\n]+ \(EACCES\): this takes CAP_SYS_ADMIN besides [^\n]+\n$/);
});
