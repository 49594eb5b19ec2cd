import assert from "node:assert/strict";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { test } from "node:test";
import { exactly } from "../support/hidden_events.ts";
import { keepOnOneCpu, type Result, Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import type { Script } from "../support/script.ts";
import { type StackRow, stacksOf, startStacks, userSums } from "../support/stacks.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";

const usecs = ({ usecs = 0 }: StackRow) => usecs;
const NAP = "main;outer_nap;inner_nap";
/**
 * Hidden events of this tracepoint make naps disappear: such an attempt is repeated
 * (hidden_events.ts).
 */
const SWITCHES = ["sched/sched_switch"];

/** Starts stacks.c on one CPU, where hardly a switch is hidden from tracers: see sleeper.ts. */
async function startOnOneCpu(steps: readonly string[]): Promise<Script> {
  const script = await startStacks(steps);
  await keepOnOneCpu(script.pid);
  return script;
}

/** The time that a process was off the CPU, in microseconds, by user stack. */
const offCpu = (result: Result, pid: number) => userSums(stacksOf(result, pid), usecs);

test(
  "offcputime sums 53 naps of 20 ms on their stack, kernel and user",
  exactly(SWITCHES, async (watch) => {
    await using workload = await startOnOneCpu(["nap=53:20000"]);
    await using other = await startStacks(["nap=3:1000"]);
    await using tool = await startTool("offcputime", "-p", `${workload.pid},1`, "--json");
    watch(workload.pid);
    const before = performance.now();
    await workload.go();
    const elapsed = (performance.now() - before) * 1000;
    await other.go();
    const result = await stopTool(tool);
    const asleep = stacksOf(result, workload.pid).filter(({ kernel }) =>
      kernel?.some((name) => /nanosleep/.test(name))
    );
    const sums = userSums(asleep, usecs);
    assert.deepEqual(Object.keys(sums), [NAP]);
    // The timer starts a little before the process leaves its CPU. Naps may be longer, but their
    // sum not than the run.
    assert.ok(sums[NAP]! >= 53 * 15000 && sums[NAP]! <= elapsed, `${sums[NAP]} of ${elapsed}`);
    assert.equal(asleep.length, 1);
    assert.equal(asleep[0]!.kernel![0], "__schedule");
    assert.ok(
      asleep[0]!.kernel!.every((name) => !/bpf|trace/.test(name)),
      String(asleep[0]!.kernel),
    );
    assert.equal(stacksOf(result, other.pid).length, 0);
  }),
);

const threads = "offcputime tells threads apart, and knows a child that was gone at once";
test(
  threads,
  exactly(SWITCHES, async (watch) => {
    // Long naps: in guests a nap of a millisecond may be over before the thread has left its CPU.
    await using workload = await startOnOneCpu(["threads=7", "child=nap=1:50000"]);
    await using tool = await startTool("offcputime", "-U", "-u", "--json", "--state", "1");
    watch(readFileSync(`/proc/${workload.pid}/comm`, "utf8").trim());
    const child = Number(/child (\d+)/.exec(await workload.go())![1]);
    const result = await stopTool(tool);
    const naps = stacksOf(result, workload.pid).filter(({ user }) => user?.[0] === "inner_nap");
    assert.equal(new Set(naps.map(({ tid }) => tid)).size, 7, JSON.stringify(naps));
    assert.ok(naps.every((row) => row.user![2] === "nap_once" && usecs(row) >= 25000));
    assert.ok(offCpu(result, child)[NAP]! >= 25000, JSON.stringify(offCpu(result, child)));
  }),
);

const limits = "offcputime -m and -M leave short and long stops out, -t other threads";
test(
  limits,
  { skip: requires(limits, "speed") },
  exactly(SWITCHES, async (watch) => {
    await using workload = await startOnOneCpu(["nap=5:20000", "nap=3:300000"]);
    const pid = String(workload.pid);
    await using long = await startTool("offcputime", "-t", pid, "-m", "250000", "--json");
    await using short = await startTool("offcputime", "-t", pid, "-M", "250000", "--json");
    await using other = await startTool("offcputime", "-t", "1", "--json");
    watch(workload.pid);
    await workload.go();
    const [inLong, inShort, inOther] = await Promise.all(
      [long, short, other].map(async (tool) => offCpu(await stopTool(tool), workload.pid)),
    ) as [Record<string, number>, Record<string, number>, Record<string, number>];
    assert.ok(inLong[NAP]! >= 3 * 290000, JSON.stringify(inLong));
    assert.ok(inShort[NAP]! >= 5 * 15000 && inShort[NAP]! < 2 * 300000, JSON.stringify(inShort));
    assert.deepEqual(inOther, {});
  }),
);

const text = "offcputime prints bcc's stacks, folded and in full";
test(
  text,
  { skip: requires(text, "speed") },
  exactly(SWITCHES, async (watch) => {
    await using workload = await startOnOneCpu(["nap=5:20000"]);
    const pid = String(workload.pid);
    await using folded = await startTool("offcputime", "-f", "-d", "-p", pid);
    await using full = await startTool("offcputime", "-s", "-d", "-p", pid);
    watch(workload.pid);
    await workload.go();
    const line = /^stacks;(.*;main;outer_nap;inner_nap);-;(.*;schedule;__schedule) (\d+)$/m.exec(
      (await stopTool(folded)).stdout,
    )!;
    assert.ok(Number(line[3]) >= 5 * 15000);
    const { stdout } = await stopTool(full);
    assert.match(
      stdout,
      new RegExp(
        `^Tracing off-CPU time \\(us\\) of PIDs ${pid} by user \\+ kernel stack\\.\\.\\. Hit`,
      ),
    );
    assert.match(
      stdout,
      /\n {4}__schedule\+0x\S+\n {4}schedule\+0x\S+\n[^-]* {4}--\n {4}inner_nap\+0x\S+\n {4}outer_nap\+0x\S+\n {4}main\+0x/,
    );
    assert.match(stdout, new RegExp(`\\n {4}- {16}stacks \\(${pid}\\)\\n {8}\\d+\\n\\n`));
  }),
);

const kernel = "offcputime -k shows kernel threads only, -K kernel stacks only";
test(kernel, { skip: requires(kernel, "speed") }, async () => {
  await using workload = await startOnOneCpu(["nap=53:10000"]);
  await using tool = await startTool("offcputime", "-k", "-K", "--json");
  await workload.go();
  const rows = rowsOf<StackRow>(await stopTool(tool));
  assert.ok(rows.length > 0 && rows.every((row) => row.user === undefined && row.kernel));
  assert.ok(rows.every((row) => row.pid !== workload.pid));
});

/** Waits until a process holds a BPF link: libbpf-tools' offcputime prints no ready line. */
async function untilLinked({ pid }: Running): Promise<void> {
  const isLink = (fd: string) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`) === "anon_inode:bpf_link";
    } catch {
      return false; // closed meanwhile
    }
  };
  while (!readdirSync(`/proc/${pid}/fd`).some(isLink)) {
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

test(
  "offcputime sums what libbpf-tools' offcputime sums",
  exactly(SWITCHES, async (watch) => {
    await using workload = await startOnOneCpu(["nap=7:100000"]);
    const pid = String(workload.pid);
    await using ours = await startTool("offcputime", "-p", pid, "--json", "-K");
    await using theirs = Running.start(["stdbuf", "-oL", "/usr/sbin/offcputime", "-p", pid]);
    await untilLinked(theirs);
    watch(workload.pid);
    await workload.go();
    const asleep = stacksOf(await stopTool(ours), workload.pid).filter(({ kernel }) =>
      kernel?.some((name) => /nanosleep/.test(name))
    );
    theirs.kill("SIGINT");
    const { stdout } = await theirs.result;
    const sums = stdout.split("\n\n").filter((stack) => /nanosleep/.test(stack))
      .map((stack) => Number(/\n\s+(\d+)$/.exec(stack)![1]));
    assert.equal(sums.length, 1, stdout);
    const sum = asleep.reduce((all, row) => all + usecs(row), 0);
    // The sums differ a little: each program reads the clock itself at both ends of a nap.
    assert.ok(Math.abs(sum - sums[0]!) < sum / 20, `${sum} and ${sums[0]}`);
  }),
);
