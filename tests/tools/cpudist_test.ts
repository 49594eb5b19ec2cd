import assert from "node:assert/strict";
import { test } from "node:test";
import { countIn, countInText, countsOf, histogramsOf } from "../support/histograms.ts";
import { Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { untilNothingHidden } from "../support/sleeper.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";

interface Summary {
  record: string;
  average: number;
  total: number;
  count: number;
}

test("cpudist counts each stretch on and off the CPU, by the kernel's own counters", async () => {
  await untilNothingHidden(async (start) => {
    await using other = await start("sleep=31");
    await using sleeper = await start("sleep=97", "spin=50");
    const args = ["--json", "-e", "-p", String(sleeper.pid)];
    await using on = await startTool("cpudist", ...args);
    await using off = await startTool("cpudist", "-O", ...args);
    const { all, hidden } = await sleeper.go();
    await other.go();
    if (hidden) return false;
    const summaries = [];
    for (const running of [on, off]) {
      const result = await stopTool(running);
      const summary = rowsOf<Summary>(result).find(({ record }) => record === "summary")!;
      assert.equal(countIn(histogramsOf(result)), summary.count);
      summaries.push(summary);
    }
    assert.ok(all > 90, "it slept");
    // The process was off the CPU before its first run and after its last, so there is one interval
    // off the CPU less.
    assert.deepEqual(summaries.map(({ count }) => count), [all, all - 1]);
    assert.ok(summaries[0]!.total >= 49_000, "it ran");
    assert.ok(summaries[1]!.total >= 97_000, "it slept");
    return true;
  });
});

test("cpudist -P and -L tell processes and threads apart, and intervals lose nothing", async () => {
  await untilNothingHidden(async (start) => {
    await using first = await start("sleep=97");
    await using second = await start("sleep=31");
    await using byProcess = await startTool("cpudist", "--json", "-P", "0.02");
    await using byThread = await startTool("cpudist", "--json", "-L");
    const switches = [await first.go(), await second.go()];
    if (switches.some(({ hidden }) => hidden)) return false;
    const expected = switches.map(({ all }) => all);
    const pids = [first.pid, second.pid];
    const processes = histogramsOf(await stopTool(byProcess));
    const threads = histogramsOf(await stopTool(byThread));
    assert.deepEqual(countsOf("pid", pids, processes), expected);
    assert.deepEqual(countsOf("tid", pids, threads), expected);
    assert.match(processes.find(({ pid }) => pid === first.pid)!.comm!, /^tests-support-c/);
    return true;
  });
});

test("cpudist counts idle time with -I only", {
  skip: requires("cpudist counts idle time with -I only", "speed"),
}, async () => {
  await using without = await startTool("cpudist", "--json", "-P");
  await using including = await startTool("cpudist", "--json", "-P", "-I", "0.05");
  await including.find("stdout", /"pid":0,/);
  const processes = histogramsOf(await stopTool(without)).map(({ pid }) => pid);
  assert.ok(processes.length > 0 && !processes.includes(0), processes.join());
});

// libbpf-tools' cpudist counts time on a CPU only if the thread was preempted, so only time off the
// CPU is compared.
test("cpudist prints bcc's histogram and agrees with libbpf-tools' cpudist off the CPU", {
  skip: requires(
    "cpudist prints bcc's histogram and agrees with libbpf-tools' cpudist off the CPU",
    "speed",
  ),
}, async () => {
  await untilNothingHidden(async (start) => {
    await using sleeper = await start("sleep=97");
    await using ours = await startTool(
      "cpudist",
      "-O",
      "-T",
      "-m",
      "-e",
      "-p",
      String(sleeper.pid),
    );
    const command = ["stdbuf", "-oL", "/usr/sbin/cpudist", "-O", "-p", String(sleeper.pid)];
    await using theirs = Running.start(command);
    await theirs.find("stdout", /Tracing/);
    const { all, hidden } = await sleeper.go();
    if (hidden) return false;
    theirs.kill("SIGINT");
    const { stdout } = await stopTool(ours);
    assert.match(
      stdout,
      new RegExp(
        "^Tracing off-CPU time\\.\\.\\. Hit Ctrl-C to end\\.\n\n\\d\\d:\\d\\d:\\d\\d\n" +
          " {5}msecs {15}: count {5}distribution\n" +
          " {9}0 -> 1 {10}: \\d+ +\\|\\**[^]*" +
          `\navg = \\d+ msecs, total: \\d+ msecs, count: ${all - 1}\n\n$`,
      ),
    );
    const counts = [stdout, (await theirs.result).stdout].map(countInText);
    assert.deepEqual(counts, [all - 1, all - 1]);
    return true;
  });
});
