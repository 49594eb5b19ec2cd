import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { test } from "node:test";
import { TestCgroup } from "../support/cgroup.ts";
import { countIn, countInText, countsOf, histogramsOf } from "../support/histograms.ts";
import { PinnedSet } from "../support/pinned_set.ts";
import { Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { untilNothingHidden } from "../support/sleeper.ts";
import { startTool, stopTool } from "../support/tool.ts";

test("runqlat counts each wait of a process, by the kernel's own counters", async () => {
  await untilNothingHidden(async (start) => {
    await using other = await start("sleep=31");
    await using sleeper = await start("sleep=97", "spin=50");
    await using running = await startTool("runqlat", "--json", "-p", String(sleeper.pid));
    const { all, hidden } = await sleeper.go();
    await other.go();
    if (hidden) return false;
    assert.ok(all > 90, "it slept");
    assert.equal(countIn(histogramsOf(await stopTool(running))), all);
    return true;
  });
});

test("runqlat -P, -L and --pidnss tell apart who waits, and intervals lose nothing", async () => {
  await untilNothingHidden(async (start) => {
    await using first = await start("sleep=97");
    await using second = await start("sleep=31");
    await using byProcess = await startTool("runqlat", "--json", "-P", "0.02");
    await using byThread = await startTool("runqlat", "--json", "-L");
    const args = ["--json", "--pidnss", "-p", String(first.pid)];
    await using byNamespace = await startTool("runqlat", ...args);
    const switches = [await first.go(), await second.go()];
    if (switches.some(({ hidden }) => hidden)) return false;
    const expected = switches.map(({ all }) => all);
    const processes = histogramsOf(await stopTool(byProcess));
    const threads = histogramsOf(await stopTool(byThread));
    const pids = [first.pid, second.pid];
    assert.deepEqual(countsOf("pid", pids, processes), expected);
    assert.deepEqual(countsOf("tid", pids, threads), expected);
    const [namespace, ...others] = histogramsOf(await stopTool(byNamespace));
    assert.equal(namespace!.pidns, statSync("/proc/self/ns/pid").ino);
    assert.deepEqual([countIn([namespace!]), others], [expected[0], []]);
    return true;
  });
});

test("runqlat --cgroup, --cgroupmap and --mntnsmap count who waits there and hide others", async () => {
  await untilNothingHidden(async (start) => {
    using cgroup = new TestCgroup("runqlat");
    using below = new TestCgroup("below", cgroup);
    using cgroups = new PinnedSet("cgroups", 8, below.id);
    using here = new PinnedSet("here", 4, statSync("/proc/self/ns/mnt").ino);
    using nowhere = new PinnedSet("nowhere", 4);
    await using inside = await start("sleep=31");
    await using deeper = await start("sleep=37");
    await using outside = await start("sleep=41");
    cgroup.add(inside.pid);
    below.add(deeper.pid);
    await using tools = new AsyncDisposableStack();
    const count = (...filter: string[]) => startTool("runqlat", "--json", "-P", ...filter);
    const running = await Promise.all([
      count("--cgroup", cgroup.path),
      count("--cgroupmap", cgroups.path, "--mntnsmap", here.path),
      count("--mntnsmap", nowhere.path),
    ]);
    for (const each of running) tools.use(each);
    const sleepers = [inside, deeper, outside];
    const switches = [];
    for (const sleeper of sleepers) switches.push(await sleeper.go());
    if (switches.some(({ hidden }) => hidden)) return false;
    const counts = (await Promise.all(running.map(stopTool))).map(histogramsOf)
      .map((all) => countsOf("pid", sleepers.map(({ pid }) => pid), all));
    const [first, second] = switches.map(({ all }) => all);
    assert.deepEqual(counts, [
      [first, second, 0],
      [0, second, 0],
      [0, 0, 0],
    ]);
    return true;
  });
});

test("runqlat prints bcc's histogram and agrees with libbpf-tools' runqlat", {
  skip: requires("runqlat prints bcc's histogram and agrees with libbpf-tools' runqlat", "speed"),
}, async () => {
  await untilNothingHidden(async (start) => {
    await using sleeper = await start("sleep=97");
    await using ours = await startTool("runqlat", "-T", "-m", "-p", String(sleeper.pid));
    const command = ["stdbuf", "-oL", "/usr/sbin/runqlat", "-p", String(sleeper.pid)];
    await using theirs = Running.start(command);
    await theirs.find("stdout", /Tracing/);
    const { all, hidden } = await sleeper.go();
    if (hidden) return false;
    theirs.kill("SIGINT");
    const { stdout } = await stopTool(ours);
    assert.match(
      stdout,
      new RegExp(
        "^Tracing run queue latency\\.\\.\\. Hit Ctrl-C to end\\.\n\n\\d\\d:\\d\\d:\\d\\d\n" +
          " {5}msecs {15}: count {5}distribution\n {9}0 -> 1 {10}: \\d+ +\\|\\*{40}\\|\n",
      ),
    );
    const counts = [stdout, (await theirs.result).stdout].map(countInText);
    assert.deepEqual(counts, [all, all]);
    return true;
  });
});
