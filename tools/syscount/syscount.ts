/**
 * syscount: summarize system call counts and latencies.
 *
 * USAGE: syscount [-p PID] [-t TID] [-c PPID] [-i INTERVAL] [-d DURATION] [-T TOP] [-x] [-e ERRNO]
 *                 [-L] [-m] [-P] [-l] [--syscall SYSCALL] [--json] [--exec COMMAND…]
 *
 *     # syscount
 *     Tracing syscalls, printing top 10... Ctrl+C to quit.
 *     ^C[20:15:09]
 *     SYSCALL                   COUNT
 *     openat                     3016
 *     read                       2931
 *     newfstatat                 2787
 *
 * Hooks: tracepoints raw_syscalls/sys_exit and, with -L, sys_enter. Needs Linux >= 5.12. Calls count
 * when they return: exit_group and rt_sigreturn, which do not, are left out. Calls of 32 bit programs
 * on a 64 bit kernel are shown by their numbers.
 *
 * Overhead: about 0.15 µs per system call, twice that with -L. A program that makes a million
 * calls a second is slowed by a sixth.
 */

import { type Bpf, struct, sum, u32, u64 } from "../../mod.ts";
import {
  callSummaryOptions,
  SUMMARY_ROWS,
  syscall,
  syscallList,
  syscallText,
} from "../../toolkit/options/syscall_options.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import { CounterDeltas, deltasOf } from "../../toolkit/output/counter_deltas.ts";
import { reportDropped, tellDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import type { Values } from "../../toolkit/options/options.ts";
import { endedNames, FORGOTTEN_NAMES, TaskNames } from "../../toolkit/task/ended_names.ts";
import type { Report } from "../../toolkit/output/report.ts";
import {
  containerOptions,
  execOption,
  filterOptions,
  filterSettings,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./syscount.bpf.o.ts";
import { rowShape } from "../../toolkit/records/record_shape.ts";

const options = {
  pid: filterOptions.pid,
  tid: filterOptions.tid,
  ppid: {
    ...filterOptions.pid,
    short: "c",
    long: "ppid",
    help: "trace children of this process only",
  },
  ...callSummaryOptions("syscalls"),
  syscall: syscall({
    long: "syscall",
    meta: "SYSCALL",
    help: "trace this syscall only (-l lists their names)",
  }),
  ...containerOptions,
  ...standardOptions,
  ...execOption,
} as const;

const Sums = struct("sums", { count: u64.asNumber, time: u64.asNumber });
/** The counts of one system call or process. */
interface Row {
  readonly key: number;
  readonly count: number;
  readonly time: number;
}

const total = (perCpu: readonly { count: number; time: number }[]) => ({
  count: sum(perCpu.map(({ count }) => count)),
  time: sum(perCpu.map(({ time }) => time)),
});

function columns(
  { latency, milliseconds, process }: Values<typeof options>,
  name: (pid: number) => string | undefined,
): Column<Row>[] {
  const [head, key, ns, digits] = milliseconds
    ? ["TIME (ms)", "time_ms", 1e6, 6] as const
    : ["TIME (us)", "time_us", 1e3, 3] as const;
  const result: (Column<Row> | false)[] = [
    !process && { head: "SYSCALL", width: 22, value: ({ key }) => syscallText(key) },
    process && { head: "PID", width: 6, value: (row) => row.key },
    process && { head: "COMM", width: 15, value: ({ key }) => name(key) ?? "[unknown]" },
    { head: "COUNT", width: 8, align: "right", value: (row) => row.count },
    latency && {
      head,
      key,
      width: 16,
      align: "right",
      digits,
      value: ({ time }) => time / ns,
    },
  ];
  return result.filter((column) => column !== false);
}

function reporter(values: Values<typeof options>): (bpf: Bpf, report: Report) => void {
  const deltas = new CounterDeltas();
  const order = values.latency ? "time" : "count";
  return (bpf, report) => {
    const rows = [...deltasOf(bpf.perCpuMap("counts", u32, Sums), deltas, total)]
      .map(([key, sums]): Row => ({ key, ...sums }))
      .sort((a, b) => b[order] - a[order]);
    const names = new TaskNames(bpf);
    const shown = columns(values, (pid) => names.of(pid));
    report.line(`[${report.clock}]`);
    report.table(shown, rows.slice(0, values.top ?? SUMMARY_ROWS));
    report.line();
    tellDropped(report, "syscount", "names", names.forgotten, { reason: FORGOTTEN_NAMES });
    reportDropped(bpf, report, "syscount", "calls");
  };
}

const syscount = defineTool({
  name: "syscount",
  summary: "Summarize system call counts and latencies.",
  examples: [
    ["syscount", "count calls by syscall, top 10, until Ctrl-C"],
    ["syscount -i 1 -d 10", "every second, for 10 seconds"],
    ["syscount -P", "count by process"],
    ["syscount -L -m", "by the time they took, in milliseconds"],
    ["syscount -x -e ENOENT", "only those that fail so"],
    ["syscount -p 181 -T 20", "only process 181, top 20"],
    ["syscount --syscall openat -P", "who calls openat"],
    ["syscount --exec ls -l /tmp", "run a command and count its calls"],
  ],
  object,
  options,
  plan(values, machine) {
    if (values.list) return { text: syscallList() };
    const { interval, duration, failures, top = SUMMARY_ROWS } = values;
    const what = failures ? "failed " : "";
    const filters = filterSettings(values, {
      target_ppid: values.ppid ?? 0,
      target_call: values.syscall ?? -1,
      failed_only: failures,
      target_errno: values.errno ?? 0,
      with_latency: values.latency,
      by_process: values.process,
    });
    return {
      intro: values.syscall === undefined
        ? `Tracing ${what}syscalls, printing top ${top}... Ctrl+C to quit.`
        : `Tracing ${what}syscall '${syscallText(values.syscall)}'... Ctrl+C to quit.`,
      interval,
      // A duration becomes a number of reports: a timer could end just before or after the last.
      count: interval && duration ? Math.ceil(duration / interval) : undefined,
      load: {
        ...filters,
        maps: { ...filters.maps, ...endedNames(machine).maps },
        programs: { enter: values.latency, keep_ended_name: values.process },
      },
      records: [
        rowShape({
          ...values.process ? { pid: "id", comm: "text" } : { syscall: "text" },
          count: "count",
          ...values.latency && { [values.milliseconds ? "time_ms" : "time_us"]: "count" as const },
        }),
      ],
      report: reporter(values),
    };
  },
});

export default syscount;

if (import.meta.main) await main(syscount);
