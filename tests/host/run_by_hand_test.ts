/**
 * Tools whose hooks exist on no kernel that the tests use: their programs are run by BPF_PROG_TEST_RUN with
 * the arguments that the hooks would pass.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { Bpf, struct, u32, u64 } from "../../mod.ts";
import { Who } from "../../toolkit/task/who.ts";
import { args } from "../support/by_hand.ts";
import { runTool } from "../support/tool.ts";
import criticalstat from "../../tools/criticalstat/criticalstat.bpf.o.ts";
import cpufreq from "../../tools/cpufreq/cpufreq.bpf.o.ts";
import { code as numamove } from "../../tools/numamove/numamove.ts";
import ppchcalls from "../../tools/ppchcalls/ppchcalls.bpf.o.ts";

/** The CPU on which programs run: a critical section belongs to a CPU, and begins and ends on it. */
const CPU = 0;

/** The event of criticalstat. */
const Event = struct("event", {
  who: Who,
  time: u64,
  stack: u64,
  begin: u64,
  begin_caller: u64,
  end: u64,
  end_caller: u64,
});

test("criticalstat's programs tell of a section from its begin to its end, and not of an idle CPU's", () => {
  // Events of pid `own_pid` are left out. Another thread, even the idle one (pid 0), may run on the CPU:
  // match none.
  const globals = { least_ns: 0n, own_pid: 0xffff_ffff };
  using bpf = Bpf.load(criticalstat, { name: "criticalstat", globals });
  const run = (name: string, ...values: (number | bigint)[]) =>
    bpf.program(name).run({ context: args(...values), cpu: CPU });
  const events = () => {
    const all: unknown[] = [];
    using stream = bpf.events("events", Event);
    stream.drain(({ begin, begin_caller, end, end_caller }) => {
      all.push([begin, begin_caller, end, end_caller]);
    });
    return all;
  };
  run("irqs_on", 90, 91); // ignored: no section had begun
  run("irqs_off", 10, 11);
  run("irqs_off", 20, 21); // nested in the first section: ignored
  run("irqs_on", 30, 31);
  run("preemption_off", 40, 41);
  run("preemption_on", 50, 51);
  run("idles", 1, CPU);
  run("irqs_off", 60, 61);
  run("irqs_on", 70, 71);
  run("idles", 0xffffffff, CPU);
  run("irqs_off", 80, 81);
  run("idles", 1, CPU); // the CPU becomes idle inside the section
  run("irqs_on", 70, 71);
  assert.deepEqual(events(), [[10n, 11n, 30n, 31n], [40n, 41n, 50n, 51n]]);
});

test("ppchcalls' programs count calls by number or process, and filter by number, result and process", () => {
  const Key = struct("key", { opcode: u64.asNumber, pid: u32, unused: u32 });
  const Sums = struct("sums", {
    count: u64.asNumber,
    time: u64.asNumber,
    least: u64.asNumber,
    most: u64.asNumber,
  });
  const keysOf = (globals: Record<string, unknown>) => {
    using bpf = Bpf.load(ppchcalls, { name: "ppchcalls", globals });
    const call = (opcode: number, result: number) => {
      bpf.program("enter").run({ context: args(opcode, 0) });
      bpf.program("leave").run({ context: args(opcode, result, 0) });
    };
    for (let i = 0; i < 7; i++) call(0x6c, 0);
    for (let i = 0; i < 3; i++) call(0xe0, -2);
    bpf.program("leave").run({ context: args(0x6c, 0, 0) }); // ignored: the entry was not seen
    const all = [...bpf.map("counts", Key, Sums)];
    assert.ok(all.every(([, { time, least, most }]) => least <= most && most <= time));
    return all.map(([key, { count }]) => ({ ...key, count }));
  };
  const counted = (globals: Record<string, unknown>) =>
    keysOf(globals).map(({ opcode, count }) => [opcode, count]).sort();
  assert.deepEqual(counted({}), [[0x6c, 7], [0xe0, 3]].sort());
  assert.deepEqual(counted({ target_call: 0x6cn }), [[0x6c, 7]]);
  assert.deepEqual(counted({ failed_only: true }), [[0xe0, 3]]);
  assert.deepEqual(counted({ target_result: -2n }), [[0xe0, 3]]);
  assert.deepEqual(counted({ target_result: -3n }), []);
  const [mine, ...others] = keysOf({ by_process: true });
  assert.deepEqual([mine?.opcode, mine?.count, others], [0, 10, []]);
  const pid = mine!.pid;
  assert.deepEqual(counted({ target_pid: pid }), counted({}));
  assert.deepEqual(counted({ target_pid: pid + 1 }), []);
});

test("numamove's programs count moves of misplaced pages, and none for other reasons", () => {
  using bpf = Bpf.load(numamove, {
    name: "numamove",
    programs: { begin_folio: false, end_folio: false, begin_page: false, end_page: false },
  });
  for (const reason of [5, 5, 0, 3, 5, 2]) {
    bpf.program("migration_begins").run({ context: args(0, reason) });
    const rest = [1, 0, 0, 0, 0, 0, 0, reason];
    bpf.program("migration_ends").run({ context: args(...rest) });
  }
  assert.equal(bpf.global("migrations", u64.asNumber).value, 3);
  assert.ok(bpf.global("total_ns", u64.asNumber).value > 0);
});

test("cpufreq's program at the tracepoint keeps each CPU's last frequency", () => {
  using bpf = Bpf.load(cpufreq, { name: "cpufreq", maps: { frequencies: { maxEntries: 3 } } });
  const tell = (kHz: number, cpu: number) =>
    bpf.program("changed").run({ context: args(kHz, cpu) });
  tell(1_800_000, 2);
  tell(2_600_000, 0);
  tell(1_200_000, 2);
  tell(3_000_000, 3); // a CPU that came online later: the map has no entry for it
  const kept = [...bpf.map("frequencies", u32, u32)];
  assert.deepEqual(kept, [[0, 2_600_000], [1, 0], [2, 1_200_000]]);
  bpf.program("changed").attach(); // this kernel has the tracepoint
});

test("ppchcalls and criticalstat say in a sentence that this kernel lacks their tracepoints", async () => {
  for (
    const [name, pattern] of [
      ["ppchcalls", /^ppchcalls: .*this kernel has no tracepoint powerpc:hcall_entry: .*\n$/],
      [
        "criticalstat",
        /^criticalstat: .*this kernel has no tracepoints preemptirq:irq_disable .*\n$/,
      ],
    ] as const
  ) {
    const { status, stdout, stderr } = await runTool(name);
    assert.deepEqual([status, stdout], [1, ""]);
    assert.match(stderr, pattern);
  }
});
