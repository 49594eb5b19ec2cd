/**
 * kvmexit: count why virtual CPUs of KVM leave their guests, by thread.
 *
 * USAGE: kvmexit [-p PID] [-t TID | -T TIDS | -v VCPU | -a] [--duration SECONDS] [--json] [duration]
 *
 *     # kvmexit
 *     Display kvm exit reasons and statistics for all threads... Hit Ctrl-C to end.
 *     ^C
 *     PID      TID      KVM_EXIT_REASON                     COUNT
 *     353      353      IO                                  47
 *     353      353      HLT                                 1
 *
 * Names are those that the kernel's tracepoint gives to reasons of VMX (Intel) and SVM (AMD), in
 * capitals; bcc's tool spells some of SVM's otherwise, such as IOIO for IO. It was tested with
 * SVM, by nested guests of Linux 6.1 and 6.12; VMX was never seen to count. KVM without either (CONFIG_KVM_PVM)
 * tells nothing of what it emulates.
 *
 * Hooks: tracepoint kvm:kvm_exit on x86, and with -v kvm:kvm_entry, which tells the virtual CPU. They are
 * there once the module kvm is loaded.
 */

import { type Bpf, struct, u32, u64, u8, UnsupportedError } from "../../mod.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import { reportDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag, longOnly, number, UsageError, type Values } from "../../toolkit/options/options.ts";
import type { Report } from "../../toolkit/output/report.ts";
import {
  containerOptions,
  filterOptions,
  filterSettings,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import { idList, secondsArgument } from "../../toolkit/stacks/stack_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import { exitReasonName } from "./exit_reasons.ts";
import { type Exits, sumOf } from "./exit_sums.ts";
import object from "./kvmexit.bpf.o.ts";
import { rowShape } from "../../toolkit/records/record_shape.ts";

const options = {
  pid: filterOptions.pid,
  tid: filterOptions.tid,
  tids: idList({
    short: "T",
    long: "tids",
    meta: "TIDS",
    help: "trace a comma separated series of tids with no space in between",
  }),
  vcpu: number({
    short: "v",
    long: "vcpu",
    meta: "VCPU",
    help: "trace this vcpu of the process only",
    what: "the number of a virtual CPU",
    min: 0,
    max: 65535,
  }),
  allTids: flag({ short: "a", long: "alltids", help: "trace all tids for this pid" }),
  parallelism: number({
    short: "m",
    long: "max-parallelism",
    meta: "THREADS",
    help: "taken for bcc's sake: nothing is left to do at the end",
    what: "a number of threads",
    min: 1,
    max: 65535,
  }),
  debug: flag({ short: "d", long: "debug", help: "taken for bcc's sake: does nothing" }),
  seconds: secondsArgument,
  ...containerOptions,
  ...standardOptions,
  duration: longOnly(standardOptions.duration),
} as const;
type Settings = Values<typeof options>;

const Key = struct("key", { pid: u32, tid: u32, reason: u32, isa: u32 });

/** The columns that rows are summed by besides the exit reason. */
function keysOf({ pid, tid, tids, vcpu, allTids }: Settings): readonly ("pid" | "tid")[] {
  if (tids || allTids) return ["tid"];
  return pid !== undefined || tid !== undefined || vcpu !== undefined ? [] : ["pid", "tid"];
}

function report(bpf: Bpf, report: Report, values: Settings): void {
  const keys = keysOf(values);
  const exits = [...bpf.map("exits", Key, u64.asNumber)].map(([key, count]): Exits => ({
    pid: key.pid,
    tid: key.tid,
    reason: exitReasonName(key.reason, key.isa),
    count,
  }));
  const columns: Column<Exits>[] = [
    ...keys.map((key) => (
      { head: key.toUpperCase(), width: 8, align: "left", value: (row: Exits) => row[key] } as const
    )),
    { head: "KVM_EXIT_REASON", width: 35, value: ({ reason }) => reason },
    { head: "COUNT", width: 8, align: "left", value: ({ count }) => count },
  ];
  report.line();
  report.table(columns, sumOf(exits, keys));
  reportDropped(bpf, report, "kvmexit", "exits");
}

/** A text that says what is traced. @throws {UsageError} if options contradict each other */
function described({ pid, tid, tids, vcpu, allTids }: Settings): string {
  if ([tid, tids, vcpu, allTids || undefined].filter((one) => one !== undefined).length > 1) {
    throw new UsageError("use one of -t/--tid, -T/--tids, -v/--vcpu and -a/--alltids");
  }
  if ((vcpu !== undefined || allTids) && pid === undefined) {
    throw new UsageError("-v/--vcpu and -a/--alltids need -p/--pid");
  }
  if (tids) return `TIDS ${tids.join(",")}`;
  if (tid !== undefined) return `TID ${tid}`;
  if (pid === undefined) return "all threads";
  return `PID ${pid}` +
    (vcpu !== undefined ? ` VCPU ${vcpu}` : allTids ? " and its all threads" : "");
}

const kvmexit = defineTool({
  name: "kvmexit",
  summary: "Count why virtual CPUs of KVM leave their guests.",
  examples: [
    ["kvmexit", "until Ctrl-C"],
    ["kvmexit 5", "for 5 seconds"],
    ["kvmexit -p 3195281", "all threads of a process together"],
    ["kvmexit -p 3195281 -v 0", "its virtual CPU 0 only"],
    ["kvmexit -p 3195281 -a", "each of its threads"],
    ["kvmexit -t 395490 20", "one thread, for 20 seconds"],
    ["kvmexit -T 395490,395491", "these threads"],
  ],
  object,
  options,
  plan(values, machine) {
    const { tids, vcpu, seconds } = values;
    const what = described(values);
    const hook = "tracepoint:kvm:kvm_exit";
    if (machine.hasHook(hook).answer === "no") {
      throw new UnsupportedError(
        "trace exits of guests",
        hook,
        `this kernel has no ${hook}: load kvm`,
      );
    }
    const settings = filterSettings(values, {
      target_vcpu: vcpu ?? -1,
      by_tids: tids !== undefined,
    });
    return {
      intro: `Display kvm exit reasons and statistics for ${what}` +
        (seconds === undefined ? "... Hit Ctrl-C to end." : ` after sleeping ${seconds} secs.`),
      interval: seconds,
      count: 1,
      load: {
        ...settings,
        programs: { entered: vcpu !== undefined },
        maps: { ...settings.maps, tids: { maxEntries: tids?.length ?? 1 } },
      },
      prepare(bpf) {
        const wanted = bpf.map("tids", u32, u8);
        for (const tid of tids ?? []) wanted.set(tid, 1);
      },
      records: [
        rowShape({
          ...Object.fromEntries(keysOf(values).map((key) => [key, "id"] as const)),
          kvm_exit_reason: "text",
          count: "count",
        }),
      ],
      report: (bpf, to) => report(bpf, to, values),
    };
  },
});

export default kvmexit;

if (import.meta.main) await main(kvmexit);
