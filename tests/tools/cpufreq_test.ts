import assert from "node:assert/strict";
import { copyFileSync, existsSync } from "node:fs";
import { join } from "node:path";
import { test } from "node:test";
import { onlineCpus } from "../../mod.ts";
import { TestCgroup } from "../support/cgroup.ts";
import { FILTERS, strangerIn } from "../support/filter_matrix.ts";
import { histogramsOf } from "../support/histograms.ts";
import { Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { Script } from "../support/script.ts";
import { isolated, READY, runTool, stopTool, toolCommand } from "../support/tool.ts";
import { Folder } from "../support/workload.ts";

const CPUS = "/sys/devices/system/cpu";
const [first, ...others] = onlineCpus();

/**
 * Starts the tool in a mount namespace where sysfs shows 1234 MHz for the first CPU and 2600 for
 * all others.
 */
async function startWithDriver(folder: Folder, ...args: string[]): Promise<Running> {
  const fake = join(folder.path, "cpu");
  const tell = (cpu: number, kHz: number) => [
    `mkdir -p ${fake}/cpu${cpu}/cpufreq`,
    `echo ${kHz} > ${fake}/cpu${cpu}/cpufreq/scaling_cur_freq`,
  ];
  const preparations = [
    `mkdir ${fake}`,
    `cp ${CPUS}/online ${CPUS}/possible ${CPUS}/present ${fake}/`,
    ...tell(first!, 1234567),
    ...others.flatMap((cpu) => tell(cpu, 2600000)),
    `mount --bind ${fake} ${CPUS}`,
  ];
  const command = isolated(preparations, [...toolCommand("cpufreq"), ...args]);
  const running = Running.start(command, READY);
  await running.find("stderr", /^ready$/m);
  return running;
}

/**
 * A program with its own name that computes on the first CPU, for a number of steps, not for a
 * time.
 */
async function busy(folder: Folder, name: string): Promise<Script> {
  const path = join(folder.path, name);
  copyFileSync("/bin/bash", path);
  const script = "echo pid $$; read -r; for ((i = 0; i < 100000; i++)); do :; done";
  return await Script.of(["taskset", "-c", String(first), path, "-c", script]);
}

test("cpufreq counts samples by process at the frequency of the CPU that it runs on", async () => {
  using folder = new Folder();
  await using work = await busy(folder, "tsbcc-freq");
  await using running = await startWithDriver(folder, "--json", "-f", "997");
  await work.go();
  const histograms = histogramsOf(await stopTool(running));
  const counted = (which: (histogram: { comm?: string; idle?: boolean }) => boolean) =>
    histograms.filter(which).flatMap(({ buckets }) => buckets).filter(({ count }) => count > 0);
  const own = counted(({ comm }) => comm === "tsbcc-freq");
  assert.deepEqual(own.map(({ low, high }) => [low, high]), [[1200, 1399]]);
  const all = counted(({ comm, idle }) => comm === undefined && !idle);
  assert.ok(all.every(({ low }) => low === 1200 || low === 2600), JSON.stringify(all));
  const sum = (rows: { count: number }[]) => rows.reduce((total, { count }) => total + count, 0);
  assert.equal(sum(all), sum(counted(({ comm, idle }) => comm !== undefined || idle === true)));
});

test("cpufreq -c counts a cgroup's processes, and no others", async () => {
  using folder = new Folder();
  using cgroup = new TestCgroup("freq");
  await using inside = await busy(folder, "tsbcc-in");
  await using outside = await busy(folder, "tsbcc-out");
  cgroup.add(inside.pid);
  await using running = await startWithDriver(folder, "--json", "-f", "997", "-c", cgroup.path);
  await Promise.all([inside.go(), outside.go()]);
  const names = histogramsOf(await stopTool(running)).map(({ comm }) => comm);
  assert.deepEqual(names, ["tsbcc-in", undefined]);
});

const containers = "cpufreq's filters by container match what they should, and hide the rest";
test(containers, { skip: requires(containers, "full") }, async () => {
  using folder = new Folder();
  await using stack = new AsyncDisposableStack();
  const cgroup = stack.use(new TestCgroup("freq-in"));
  const empty = stack.use(new TestCgroup("freq-out"));
  const work = stack.use(await busy(folder, "tsbcc-filter"));
  cgroup.add(work.pid);
  const place = { job: work, cgroup, empty, stranger: await strangerIn(stack), stack };
  const options = { cgroupMap: "--cgroupmap", mntnsMap: "--mntnsmap", pidns: "--pidns" };
  const started = await Promise.all(
    Object.entries(options).flatMap(([key, option]) =>
      FILTERS[key]!(place).map(async (value, i) => {
        const own = stack.use(new Folder());
        const running = stack.use(
          await startWithDriver(own, "--json", "-f", "997", option, String(value)),
        );
        return { what: `${option} ${value}`, shows: i === 0, running };
      })
    ),
  );
  await work.go();
  for (const { what, shows, running } of started) {
    const names = histogramsOf(await stopTool(running)).map(({ comm }) => comm);
    assert.equal(names.includes("tsbcc-filter"), shows, what);
  }
});

test("cpufreq prints libbpf-tools' histograms", async () => {
  using folder = new Folder();
  await using work = await busy(folder, "tsbcc-text");
  await using running = await startWithDriver(folder, "-f", "997");
  await work.go();
  const { stdout } = await stopTool(running);
  assert.match(stdout, /^Sampling CPU freq system-wide & by process\. Ctrl-C to end\.$/m);
  assert.match(
    stdout,
    /^ {5}tsbcc-text {4}: count {5}distribution\n {8}1200 {7}: \d+ +\|\*{40}\|\n\n/m,
  );
  assert.match(stdout, /^ {5}syswide {7}: count {5}distribution\n {8}1200 /m);
});

test("cpufreq says so where there is no driver", {
  skip: existsSync(`${CPUS}/cpu${first}/cpufreq`) && "this machine has one",
}, async () => {
  const { status, stdout, stderr } = await runTool("cpufreq");
  assert.deepEqual([status, stdout], [1, ""]);
  assert.match(stderr, /^cpufreq: Cannot tell .*: this machine has no cpufreq driver, .*\n$/);
});
