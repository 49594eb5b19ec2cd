/**
 * Filters and columns of tools whose hooks exist on no kernel that the tests use: their programs are run by
 * BPF_PROG_TEST_RUN or attached to other hooks, and the tools' reports are made from the results.
 */

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, readlinkSync, statSync } from "node:fs";
import { test } from "node:test";
import { type Bpf, chars, struct, u32, u64 } from "../../mod.ts";
import { jsonRow, tableRow } from "../../toolkit/output/columns.ts";
import type { EventPlan } from "../../toolkit/run/tool.ts";
import criticalstat from "../../tools/criticalstat/criticalstat.ts";
import llcstat from "../../tools/llcstat/llcstat.ts";
import ppchcalls from "../../tools/ppchcalls/ppchcalls.ts";
import { args, type Loaded, loaded, reportOf, tryFilters } from "../support/by_hand.ts";
import { TestCgroup } from "../support/cgroup.ts";
import { strangerIn } from "../support/filter_matrix.ts";
import { PinnedSet } from "../support/pinned_set.ts";
import { Script } from "../support/script.ts";

const H_IPI = 0x6c;
const H_CEDE = 0xe0;

/** Runs the programs for hypervisor calls: `ipis` calls H_IPI, and `cedes` calls H_CEDE that fail. */
function call(bpf: Bpf, ipis: number, cedes: number): void {
  const numbers = [...Array<number>(ipis).fill(H_IPI), ...Array<number>(cedes).fill(H_CEDE)];
  for (const number of numbers) {
    bpf.program("enter").run({ context: args(number, 0) });
    bpf.program("leave").run({ context: args(number, number === H_CEDE ? -2 : 0, 0) });
  }
}

test("ppchcalls' filters match what they should, and hide the rest", () => {
  const tid = readlinkSync("/proc/thread-self").replace(/.*\//, "");
  const ids = [["-p", String(process.pid), "1"], ["-t", tid, "1"]];
  return tryFilters(ids, (option, value) => {
    using tool = loaded(ppchcalls, option, value);
    call(tool.bpf, 7, 3);
    const text = reportOf(tool);
    const counts = [...text.matchAll(/^(H_\w+) +(\d+)$/gm)].map(([, name, count]) =>
      `${name} ${count}`
    );
    if (counts.length > 0) assert.deepEqual(counts, ["H_IPI 7", "H_CEDE 3"]);
    return counts.length > 0;
  });
});

test("ppchcalls prints bcc's table: by call, with times, the first of them, by process", () => {
  const printed = (...words: string[]) => {
    using tool = loaded(ppchcalls, ...words);
    call(tool.bpf, 7, 3);
    return reportOf(tool);
  };
  const clock = "\\[\\d\\d:\\d\\d:\\d\\d\\]\n";
  const name = (text: string) => text.padEnd(45);
  const times = (unit: string) =>
    ["MIN", "MAX", "AVG"].map((t) => `${t} (${unit})`.padStart(18)).join("");
  const three = "( +\\d+\\.\\d{3}){3}";
  const expect = (text: string, lines: readonly string[]) =>
    assert.match(text, new RegExp(`^${clock}${lines.join("\n")}\n+$`));
  const quoted = (text: string) => text.replace(/[()]/g, "\\$&");
  expect(printed(), [
    `${name("PPC HCALL")}    COUNT`,
    `${name("H_IPI")}        7`,
    `${name("H_CEDE")}        3`,
  ]);
  expect(printed("-L", "-T", "1"), [
    quoted(`${name("PPC HCALL")}    COUNT${times("us")}`),
    `${name("H_IPI")}        7${three}`,
  ]);
  expect(printed("-x", "-L", "-m"), [
    quoted(`${name("PPC HCALL")}    COUNT${times("ms")}`),
    `${name("H_CEDE")}        3( +\\d+\\.\\d{6}){3}`,
  ]);
  expect(printed("-P"), [
    `PID    ${"COMM".padEnd(38)}    COUNT`,
    `${process.pid} +\\S.* 10`,
  ]);
});

/** Pins all threads of this process to the first CPU until disposal: a critical section belongs to a CPU. */
function onFirstCpu(): Disposable {
  const taskset = (...words: string[]) => {
    const { status, stdout, stderr } = spawnSync("taskset", words, { encoding: "utf8" });
    assert.equal(status, 0, stderr);
    return stdout;
  };
  const pid = String(process.pid);
  const before = taskset("-p", pid).trim().split(" ").at(-1)!;
  taskset("-a", "-c", "-p", "0", pid);
  return { [Symbol.dispose]: () => void taskset("-a", "-p", before, pid) };
}

/**
 * Runs the programs for begin and end of a critical section between two kernel functions, and takes its
 * events.
 */
function section({ plan, bpf }: Loaded, off: string, on: string, take: (event: never) => void) {
  const address = (name: string) => BigInt("0x" + symbols.get(name)!);
  bpf.program(off).run({ context: args(address("vfs_read"), address("ksys_read")) });
  bpf.program(on).run({ context: args(address("vfs_write"), address("ksys_write")) });
  using events = bpf.events("events", (plan as EventPlan<never>).event);
  events.drain(take);
}

/** The lines that the tool prints for such a section, as text and as JSON. */
function printed(tool: Loaded, off: string, on: string): string[] {
  const plan = tool.plan as EventPlan<never>;
  using _kept = plan.prepare!(tool.bpf, undefined) as Disposable;
  const columns = plan.columns.filter((column) => column !== false);
  const lines: string[] = [];
  section(tool, off, on, (event) => {
    if (columns.length > 1) lines.push(jsonRow(columns)(event));
    else lines.push(tableRow(columns)(event), ...plan.below!(event));
  });
  return lines;
}

const symbols = new Map(
  [...readFileSync("/proc/kallsyms", "utf8").matchAll(/^(\w+) T ((?:vfs|ksys)_(?:read|write))$/gm)]
    .map(([, address, name]) => [name!, address!]),
);

test("criticalstat's filters match what they should, and hide the rest", async () => {
  using _pinned = onFirstCpu();
  await tryFilters([], (option, value) => {
    using tool = loaded(criticalstat, "-d", "1", option, value);
    let count = 0;
    section(tool, "irqs_off", "irqs_on", () => count++);
    return count === 1;
  });
});

test("criticalstat prints bcc's lines of sections without interrupts, and with -p without preemption", () => {
  using _pinned = onFirstCpu();
  const line = "=".repeat(35);
  for (
    const [option, off, on] of [
      ["-i", "irqs_off", "irqs_on"],
      ["-p", "preemption_off", "preemption_on"],
    ] as const
  ) {
    using tool = loaded(criticalstat, "-d", "1", option);
    const lines = printed(tool, off, on);
    assert.match(lines[1]!, new RegExp(`^TASK: .+ \\(pid ${process.pid}\\)$`));
    assert.match(lines[2]!, /^Total Time: \d+\.\d{3}us$/);
    assert.deepEqual([lines[0], ...lines.slice(3, 6), lines.at(-1)], [
      line,
      "",
      "Section start: vfs_read -> ksys_read",
      "Section end:   vfs_write -> ksys_write",
      line,
    ]);
    const stack = lines.slice(6, -1);
    assert.ok(stack.includes("  __sys_bpf") && stack.every((frame) => /^ {2}\w\S*$/.test(frame)));
  }
  using tool = loaded(criticalstat, "-d", "1", "--json");
  const rows = printed(tool, "irqs_off", "irqs_on").map((row) => JSON.parse(row));
  assert.deepEqual(rows.map(({ pid, begin, end }) => [pid, begin, end]), [
    [process.pid, "vfs_read -> ksys_read", "vfs_write -> ksys_write"],
  ]);
  assert.ok(rows[0].time_ns >= 1000 && rows[0].stack.includes("__sys_bpf") && rows[0].comm !== "");
  using long = loaded(criticalstat, "-d", "1000000000");
  assert.deepEqual(printed(long, "irqs_off", "irqs_on"), []);
});

const Key = struct("key", { cpu: u32, pid: u32, tid: u32, comm: chars(16) });
const Sums = struct("sums", { references: u64, misses: u64 });

test("llcstat prints bcc's table: samples times what each stands for", () => {
  const printed = (...words: string[]) => {
    using tool = loaded(llcstat, ...words);
    const caches = tool.bpf.map("caches", Key, Sums);
    caches.set({ cpu: 1, pid: 181, tid: 0, comm: "one" }, { references: 200n, misses: 50n });
    caches.set({ cpu: 0, pid: 182, tid: 183, comm: "two" }, { references: 3n, misses: 0n });
    return reportOf(tool);
  };
  // The rows are sorted here: the tool prints them in the order of the hash map.
  const sorted = (text: string) => {
    const [heading, ...lines] = text.split("\n");
    return [heading, ...lines.sort()];
  };
  assert.deepEqual(sorted(printed()), [
    "PID      NAME             CPU     REFERENCE         MISS    HIT%",
    "181      one              1           20000         5000  75.00%",
    "182      two              0             300            0 100.00%",
    "Total References: 20300 Total Misses: 5000 Hit Rate: 75.37%",
  ]);
  assert.deepEqual(sorted(printed("-c", "7", "-t")), [
    "PID      TID      NAME             CPU     REFERENCE         MISS    HIT%",
    "181      0        one              1            1400          350  75.00%",
    "182      183      two              0              21            0 100.00%",
    "Total References: 1421 Total Misses: 350 Hit Rate: 75.37%",
  ]);
});

test("llcstat's filters match what they should, and hide the rest", async () => {
  // Page faults stand in for cache references, and context switches for cache misses.
  const program = `import mmap, os, time
print("pid", os.getpid(), flush=True); input()
area = mmap.mmap(-1, 4096 * 97, mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
area.madvise(mmap.MADV_NOHUGEPAGE)
for at in range(0, len(area), 4096): area[at] = 1
for _ in range(13): time.sleep(0.001)`;
  using stack = new DisposableStack();
  const inside = stack.use(new TestCgroup("llc-in"));
  const outside = stack.use(new TestCgroup("llc-out"));
  const set = (name: string, valueSize: 4 | 8, ...ids: number[]) =>
    stack.use(new PinnedSet(name, valueSize, ...ids)).path;
  await using work = await Script.of(["unshare", "-m", "/usr/bin/python3", "-c", program]);
  inside.add(work.pid);
  const mntns = statSync(`/proc/${work.pid}/ns/mnt`).ino;
  await using processes = new AsyncDisposableStack();
  const stranger = await strangerIn(processes);
  const start = (option: string, value: string) => {
    const tool = stack.use(loaded(llcstat, "-c", "1", "-t", option, value));
    for (
      const [name, event] of [["referenced", "page-faults"], [
        "missed",
        "context-switches",
      ]] as const
    ) {
      stack.use(tool.bpf.program(name).attachPerfEvent({ event, period: 1 }));
    }
    return { what: `${option} ${value}`, tool };
  };
  const matching = [
    ["--cgroup", inside.path],
    ["--cgroupmap", set("llc-in", 8, inside.id)],
    ["--mntnsmap", set("llc-mine", 4, mntns)],
    ["--pidns", String(process.pid)],
  ].map(([option, value]) => start(option!, value!));
  const missing = [
    ["--cgroup", outside.path],
    ["--cgroupmap", set("llc-out", 8)],
    ["--mntnsmap", set("llc-none", 4)],
    ["--pidns", String(stranger)],
  ].map(([option, value]) => start(option!, value!));
  await work.go();
  /** The references and misses that the tool counted for the process. */
  const countsOf = (tool: Loaded) => {
    const rows = reportOf(tool, true).split("\n").map((line) => JSON.parse(line));
    const own = rows.filter(({ pid, tid }) => pid === work.pid && tid === work.pid);
    const sum = (key: string) => own.reduce((total, row) => total + row[key], 0);
    return [sum("reference"), sum("miss")];
  };
  for (const { what, tool } of matching) {
    const [references, misses] = countsOf(tool);
    assert.ok(references! >= 97 && misses! >= 13, `${what}: ${references}, ${misses}`);
  }
  for (const { what, tool } of missing) assert.deepEqual(countsOf(tool), [0, 0], what);
});
