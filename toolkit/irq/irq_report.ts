/**
 * Reports of time spent in interrupts (irq_times.h).
 *
 * @module
 */

import { type Bpf, chars, histogramSections, struct, u32, u64 } from "../../mod.ts";
import type { Column } from "../output/columns.ts";
import { CounterDeltas, deltasOf } from "../output/counter_deltas.ts";
import { flag, longOnly, UsageError, type Values } from "../options/options.ts";
import { cpuOption } from "../options/cpu_option.ts";
import { intervalArguments, standardOptions } from "../options/standard_options.ts";
import type { Report } from "../output/report.ts";
import { reportDropped } from "../run/losses.ts";
import type { ReportPlan } from "../run/tool.ts";
import { softirqName } from "./softirq_name.ts";
import { histogramShape, rowShape } from "../records/record_shape.ts";

const ANY_CPU = 0xffff_ffff;

/** The value of `-c` for the kernel side. */
export const targetCpu = (cpu: number | undefined): number => cpu ?? ANY_CPU;

/** The options of these tools; the option to count has another name in each. */
export const irqOptions = {
  timestamp: flag({ short: "T", long: "timestamp", help: "include timestamp on output" }),
  nanoseconds: flag({ short: "N", long: "nanoseconds", help: "output in nanoseconds" }),
  distribution: flag({ short: "d", long: "dist", help: "show distributions as histograms" }),
  cpu: cpuOption,
  ...intervalArguments,
  ...standardOptions,
  duration: longOnly(standardOptions.duration),
} as const;

type IrqValues = Values<typeof irqOptions> & { readonly counts: boolean };

/** The differences between the two tools. */
export interface IrqTool {
  readonly name: string;
  /** `hard` */
  readonly kind: string;
  /** The width of the column of names. */
  readonly width: number;
  /** The name of the option that counts: `--count`. */
  readonly countOption: string;
}

const Key = struct("key", { name: chars(32), vector: u32, slot: u32 });
const Sums = struct("sums", { count: u64.asNumber, time: u64.asNumber });
interface Row {
  readonly irq: string;
  readonly slot: number;
  readonly count: number;
  readonly time: number;
}

/** The plan of a tool that reports time spent in interrupts. @throws {UsageError} */
export function irqPlan(tool: IrqTool, values: IrqValues): ReportPlan {
  const { counts, distribution, nanoseconds } = values;
  if (counts && (distribution || nanoseconds)) {
    throw new UsageError(`use either ${tool.countOption} or options for times: -d and -N`);
  }
  return {
    intro: `Tracing ${tool.kind} irq ${counts ? "events" : "event time"}... Hit Ctrl-C to end.`,
    interval: values.interval,
    count: values.count,
    load: {
      globals: {
        target_cpu: targetCpu(values.cpu),
        unit_ns: nanoseconds ? 1 : 1000,
        by_slot: distribution,
      },
    },
    records: [
      distribution ? histogramShape({ [`${tool.kind}irq`]: "text" }) : rowShape({
        [`${tool.kind}irq`]: "text",
        [`total_${counts ? "count" : nanoseconds ? "nsecs" : "usecs"}`]: "count",
      }),
    ],
    report: reporter(tool, values),
  };
}

function columns({ kind, width }: IrqTool, { counts, nanoseconds }: IrqValues): Column<Row>[] {
  const unit = nanoseconds ? { name: "nsecs", ns: 1 } : { name: "usecs", ns: 1000 };
  return [
    { head: `${kind.toUpperCase()}IRQ`, width, value: ({ irq }) => irq },
    counts ? { head: "TOTAL_count", width: 11, align: "right", value: ({ count }) => count } : {
      head: `TOTAL_${unit.name}`,
      width: 11,
      align: "right",
      value: ({ time }) => time / unit.ns,
      text: ({ time }) => String(Math.floor(time / unit.ns)),
    },
  ];
}

/** Makes the function that prints what was counted since its last call. */
function reporter(tool: IrqTool, values: IrqValues): (bpf: Bpf, report: Report) => void {
  const deltas = new CounterDeltas();
  const table = columns(tool, values);
  const order = values.counts ? "count" : "time";
  const isHard = tool.kind === "hard";
  return (bpf, report) => {
    const rows = [...deltasOf(bpf.map("irqs", Key, Sums), deltas, (sums) => ({ ...sums }))].map(
      ([{ name, vector, slot }, sums]): Row => ({
        irq: isHard ? name : softirqName(vector),
        slot,
        ...sums,
      }),
    );
    report.line();
    if (values.timestamp) report.line(report.clock);
    if (values.distribution) {
      const entries = rows.map((row) => [row, row.count] as const);
      report.histograms(histogramSections(entries, ({ irq, slot }) => [irq, slot]), {
        valueType: values.nanoseconds ? "nsecs" : "usecs",
        sectionHeader: `${tool.kind}irq`,
      });
    } else {
      report.table(table, rows.sort((a, b) => a[order] - b[order]));
    }
    reportDropped(bpf, report, tool.name, "interrupts");
  };
}
