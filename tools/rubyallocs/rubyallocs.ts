/**
 * rubyallocs: count objects that a Ruby process allocates, by class.
 *
 * USAGE: rubyallocs [-i SECONDS] [-n COUNT] [--stack] [--once SECONDS] [-d SECONDS] [--json]
 *                   PID | -c COMMAND…
 *
 *     # rubyallocs 28222
 *     Counting objects of process 28222... Hit Ctrl-C to end.
 *          TOTAL   INTERVAL CLASS
 *          13500       6000 String
 *           4518       2008 Array
 *           4518       2008 Hash
 *           4500       2000 Catalog::Item
 *              9          4 JSON::Ext::Parser
 *          27045      12020 all 5 classes
 *
 *     # rubyallocs --stack --once 3 -n 4 22504
 *     Counting objects of process 22504... Hit Ctrl-C to end.
 *          TOTAL   INTERVAL CLASS                        LINE
 *          24000      24000 String                       /usr/lib/ruby/3.1.0/json/common.rb:216
 *           9843       9843 Catalog::Item                app.rb:4
 *           8016       8016 Array                        /usr/lib/ruby/3.1.0/json/common.rb:216
 *           8016       8016 Hash                         /usr/lib/ruby/3.1.0/json/common.rb:216
 *          49926      49926 all 5 classes
 *
 * Hooks: uprobes on the functions of libruby, or of a ruby without one, that every allocation passes
 * once (runtime.ts lists them). Names of classes are read from the process's memory; no
 * code runs in it and it is never stopped. Counts are what `GC.stat(:total_allocated_objects)` tells,
 * without memory that Ruby takes for itself as imemo_tmpbuf. `(imemo)` are Ruby's own objects such as
 * call caches, `(hidden)` those that no program can see, also if Ruby shows them later. USDT probes
 * would tell less: those of Debian's Ruby 3.1 saw 3359 of 6456 objects, its 3.3 has none.
 *
 * --stack reads Ruby's frames in the kernel at each allocation (ruby_lines.h): the line is that
 * of the innermost method or block written in Ruby, leaving out Ruby's own, such as Time.now. Before
 * a program's first line, in a program that loads libruby itself, or more than 32 calls of C deep it
 * is `(no line)`. In Ruby 3.1 a hash or array of a literal with several lines may be told one line
 * below if the next one holds nothing but constants; with --yjit literals may be told a line off.
 *
 * Ruby 3.1 and 3.3 are known; of others classes are shown as addresses, and no lines. A class that
 * was collected keeps the name it had, and what takes its place in memory is counted under it.
 * Processes that the traced one forks are not counted. -c needs a command that begins with ruby, or a
 * script whose first line names it; that ruby is started once more beforehand, with nothing to do.
 *
 * Overhead: the kernel's programs take 0.11 microseconds for each object, with --stack 1.0, and
 * getting there takes several times that. On a virtual machine with two CPUs that were busy with
 * more, Ruby 3.1, Linux 6.18, medians of five: a loop that does nothing but allocate 2.0 million
 * objects took 0.40 s without, 16 s with it, 23 s with --stack; parsing and sorting JSON (0.83
 * million objects) 1.2 s, 3.5 s and 4.5 s.
 */

import { type Bpf, sum, u64 } from "../../mod.ts";
import { type Column, tableRow } from "../../toolkit/output/columns.ts";
import { CounterDeltas } from "../../toolkit/output/counter_deltas.ts";
import { reportDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import {
  argument,
  flag,
  number,
  rest,
  UsageError,
  type Values,
} from "../../toolkit/options/options.ts";
import type { Report } from "../../toolkit/output/report.ts";
import { ClassNames, Key, LineNames } from "./names.ts";
import { RubyTarget } from "./target.ts";
import { filterOptions, standardOptions } from "../../toolkit/options/standard_options.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./rubyallocs.bpf.o.ts";
import { complain } from "../../toolkit/output/complain.ts";
import { recordShape, rowShape } from "../../toolkit/records/record_shape.ts";

const TOP = 20;

const seconds = {
  meta: "SECONDS",
  what: "a number of seconds",
  min: 0.001,
  max: 2147483,
  fraction: true,
} as const;

const options = {
  pid: argument({ ...filterOptions.pid, help: "the Ruby process" }),
  exec: rest({
    short: "c",
    long: "command",
    meta: "COMMAND…",
    help: "run a Ruby command and trace it; everything behind -c is the command",
  }),
  interval: number({
    short: "i",
    long: "interval",
    help: "seconds between reports (default 1)",
    ...seconds,
  }),
  once: number({ long: "once", help: "print one report, after so many seconds", ...seconds }),
  stack: flag({ long: "stack", help: "count by class and by the line of Ruby that allocates" }),
  top: number({
    short: "n",
    long: "top",
    meta: "COUNT",
    help: `classes to show (default ${TOP}, in JSON all)`,
    what: "a number of classes",
    min: 1,
    max: 1000000,
  }),
  ...standardOptions,
} as const;

interface Row {
  readonly name: string;
  readonly line: string;
  total: number;
  interval: number;
}

const byClass: readonly Column<Row>[] = [
  { head: "TOTAL", width: 10, align: "right", value: (row) => row.total },
  { head: "INTERVAL", width: 10, align: "right", value: (row) => row.interval },
  { head: "CLASS", value: (row) => row.name },
];
const line: Column<Row> = { head: "LINE", value: (row) => row.line };

/** Returns the function that prints a report. */
function reporter({ stack, top }: Values<typeof options>, target: RubyTarget) {
  const deltas = new CounterDeltas();
  const columns = stack ? [...byClass.slice(0, 2), { ...byClass[2]!, width: 28 }, line] : byClass;
  let hasComplained = false;
  let names: { readonly classes: ClassNames; readonly lines: LineNames } | undefined;

  return (bpf: Bpf, report: Report) => {
    names ??= { classes: new ClassNames(bpf), lines: new LineNames(bpf) };
    const { classes } = target;
    const rows = new Map<string, Row>();
    const all = { classes: 0, total: 0, interval: 0 };
    for (const [key, perCpu] of bpf.perCpuMap("counts", Key, u64.asNumber)) {
      const name = names.classes.of(key.klass, classes);
      const line = stack ? names.lines.of(key.site) : "";
      const total = sum(perCpu);
      const interval = deltas.since(`${key.klass} ${key.site.path} ${key.site.line}`, total);
      const place = `${name}\0${line}`;
      const row = rows.get(place) ?? { name, line, total: 0, interval: 0 };
      rows.set(place, row);
      for (const each of [row, all]) {
        each.total += total;
        each.interval += interval;
      }
    }
    all.classes = new Set([...rows.values()].map(({ name }) => name)).size;
    const sorted = [...rows].sort(([a, x], [b, y]) =>
      y.total - x.total || y.interval - x.interval || (a < b ? -1 : 1)
    ).map(([, row]) => row);
    report.table(columns, sorted.slice(0, top ?? (report.json ? Infinity : TOP)));
    report.line(tableRow(byClass)({ ...all, name: `all ${all.classes} classes`, line: "" }));
    report.line();
    report.record("total", all);
    reportDropped(bpf, report, "rubyallocs", "objects");
    if (stack && target.isKnown && all.total > 0 && !names.lines.areFound && !hasComplained) {
      hasComplained = true;
      complain(
        "rubyallocs",
        "cannot tell lines: Ruby's execution context is not in the storage that the " +
          "process's threads began with, as when a program loads libruby later",
      );
    }
  };
}

const rubyallocs = defineTool({
  name: "rubyallocs",
  summary: "Count objects that a Ruby process allocates, by class.",
  examples: [
    ["rubyallocs 181", "count what process 181 allocates, until it ends or Ctrl-C"],
    ["rubyallocs -c ruby app.rb", "run a program and count from its first instruction"],
    ["rubyallocs -n 5 -i 10 181", "the first 5 classes, every 10 seconds"],
    ["rubyallocs --stack -c ruby app.rb", "also tell which line of which file allocates"],
    ["rubyallocs --once 30 181", "one report after 30 seconds"],
    ["rubyallocs --json 181", "all classes, one JSON object per line"],
  ],
  object,
  options,
  sample: false, // it watches one process
  permissions: "all",
  plan(values) {
    const { pid, exec, once, interval = 1 } = values;
    if ((pid === undefined) === (exec === undefined)) {
      throw new UsageError("expected a process id or -c/--command, one of both");
    }
    if (once !== undefined && values.interval !== undefined) {
      throw new UsageError("use either --once or -i/--interval");
    }
    const target = new RubyTarget();
    return {
      intro: `Counting objects of ${pid === undefined ? exec![0] : `process ${pid}`}... ` +
        "Hit Ctrl-C to end.",
      interval: once ?? interval,
      ...once === undefined ? {} : { count: 1 },
      redraw: true,
      load: { globals: { by_line: values.stack } },
      attach: (bpf, held) => target.attach(bpf, held ?? pid!, exec, "rubyallocs"),
      isOver: () => target.hasEnded,
      records: [
        rowShape({
          total: "number",
          interval: "count",
          class: "text",
          ...values.stack && { line: "text" as const },
        }),
        recordShape("total", { classes: "number", total: "number", interval: "count" }),
      ],
      report: reporter(values, target),
    };
  },
});

export default rubyallocs;

if (import.meta.main) await main(rubyallocs);
