/**
 * ppchcalls: count calls to POWER's hypervisor, and how long they take.
 *
 * USAGE: ppchcalls [-p PID] [-t TID] [-i INTERVAL] [-d DURATION] [-T TOP] [-x] [-e ERRNO] [-L] [-m] [-P]
 *                  [-l] [--hcall HCALL] [--json]
 *
 *     # ppchcalls -L
 *     Tracing ppc hcalls, printing top 10... Ctrl+C to quit.
 *     [19:06:19]
 *     PPC HCALL                                        COUNT          MIN (us)          MAX (us)          AVG (us)
 *     H_IPI                                                9            20.000         16596.790          4116.569
 *     H_CEDE                                               3           400.160         25010.190         15874.437
 *
 * It is for the pSeries of the powerpc architecture, and refused elsewhere. No machine of the tests is one:
 * tests run its programs by hand. It was seen at work on x86, on Linux 6.1 with a module that has tracepoints
 * of these names and arguments, where it counted all calls, by process too.
 *
 * Hooks: raw tracepoints hcall_entry and hcall_exit.
 */

import { type Bpf, struct, u32, u64, UnsupportedError } from "../../mod.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import { reportDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import { type Option, UsageError, type Values } from "../../toolkit/options/options.ts";
import type { Report } from "../../toolkit/output/report.ts";
import {
  containerOptions,
  filterOptions,
  filterSettings,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import { callSummaryOptions, SUMMARY_ROWS } from "../../toolkit/options/syscall_options.ts";
import { nameOf } from "../../toolkit/task/proc.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import { hcallName, hcallNumber, HCALLS } from "./hcalls.ts";
import object from "./ppchcalls.bpf.o.ts";
import { rowShape } from "../../toolkit/records/record_shape.ts";

const options = {
  pid: filterOptions.pid,
  tid: filterOptions.tid,
  ...callSummaryOptions("hcalls"),
  hcall: {
    long: "hcall",
    meta: "HCALL",
    help: "trace this hcall only (-l lists their names)",
    initial: undefined,
    parse(value) {
      const opcode = hcallNumber(value);
      if (opcode !== undefined) return opcode;
      throw new UsageError("expected the name or number of an hcall: -l lists them");
    },
  } satisfies Option<number | undefined> as Option<number | undefined>,
  ...containerOptions,
  ...standardOptions,
} as const;
type Settings = Values<typeof options>;

const Key = struct("key", { opcode: u64.asNumber, pid: u32, unused: u32 });
const Sums = struct("sums", {
  count: u64.asNumber,
  time: u64.asNumber,
  least: u64.asNumber,
  most: u64.asNumber,
});

interface Row {
  readonly opcode: number;
  readonly pid: number;
  readonly count: number;
  readonly time: number;
  readonly least: number;
  readonly most: number;
}

function columns({ latency, milliseconds, process }: Settings): Column<Row>[] {
  const [unit, ns, digits] = milliseconds ? ["ms", 1e6, 6] as const : ["us", 1e3, 3] as const;
  const times = [
    ["MIN", ({ least }: Row) => least],
    ["MAX", ({ most }: Row) => most],
    ["AVG", ({ time, count }: Row) => time / count],
  ] as const;
  return [
    ...process
      ? [
        { head: "PID", width: 6, align: "left", value: ({ pid }: Row) => pid } as const,
        { head: "COMM", width: 38, value: ({ pid }: Row) => nameOf(pid) ?? "[unknown]" } as const,
      ]
      : [{ head: "PPC HCALL", width: 45, value: ({ opcode }: Row) => hcallName(opcode) } as const],
    { head: "COUNT", width: 8, align: "right", value: ({ count }) => count },
    ...latency
      ? times.map(([head, value]) => ({
        head: `${head} (${unit})`,
        key: `${head.toLowerCase()}_${unit}`,
        width: 17,
        align: "right",
        digits,
        value: (row: Row) => value(row) / ns,
      } as const))
      : [],
  ];
}

function reporter(values: Settings): (bpf: Bpf, report: Report) => void {
  return (bpf, report) => {
    const counts = bpf.map("counts", Key, Sums);
    const rows = [...counts.keys()].flatMap((key): Row[] => {
      const sums = counts.lookupAndDelete(key);
      return sums ? [{ ...sums, opcode: key.opcode, pid: key.pid }] : [];
    }).sort((a, b) => b.count - a.count);
    report.line(`[${report.clock}]`);
    report.table(columns(values), rows.slice(0, values.top ?? SUMMARY_ROWS));
    report.line();
    reportDropped(bpf, report, "ppchcalls", "calls");
  };
}

const ppchcalls = defineTool({
  name: "ppchcalls",
  summary: "Count calls to POWER's hypervisor and their latencies.",
  examples: [
    ["ppchcalls", "print top 10 hcalls by count"],
    ["ppchcalls -i 1 -d 10", "every second, for 10 seconds"],
    ["ppchcalls -L", "with the time they take"],
    ["ppchcalls -P", "count by process"],
    ["ppchcalls -x", "only those that fail"],
    ["ppchcalls --hcall H_IPI -L", "only H_IPI"],
  ],
  object,
  options,
  plan(values, machine) {
    if (values.list) return { text: `${Object.values(HCALLS).join("\n")}\n` };
    const hook = "tracepoint:powerpc:hcall_entry";
    if (machine.hasHook(hook).answer === "no") {
      throw new UnsupportedError(
        "trace calls of the hypervisor",
        hook,
        "this kernel has no tracepoint powerpc:hcall_entry: it is that of POWER (pSeries)",
      );
    }
    const { interval, duration, failures, hcall, top = SUMMARY_ROWS } = values;
    const what = failures ? "failed " : "";
    return {
      intro: hcall === undefined
        ? `Tracing ${what}ppc hcalls, printing top ${top}... Ctrl+C to quit.`
        : `Tracing ${what}ppc hcall '${hcallName(hcall)}'... Ctrl+C to quit.`,
      interval,
      count: interval && duration ? Math.ceil(duration / interval) : undefined,
      load: filterSettings(values, {
        target_call: BigInt(hcall ?? -1),
        failed_only: failures,
        target_result: BigInt(-(values.errno ?? 0)),
        by_process: values.process,
      }),
      records: [
        rowShape({
          ...values.process ? { pid: "id", comm: "text" } : { "ppc hcall": "text" },
          count: "count",
          ...values.latency && Object.fromEntries(
            ["min", "max", "avg"].map((name) =>
              [`${name}_${values.milliseconds ? "ms" : "us"}`, "number"] as const
            ),
          ),
        }),
      ],
      report: reporter(values),
    };
  },
});

export default ppchcalls;

if (import.meta.main) await main(ppchcalls);
