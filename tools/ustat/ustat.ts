/**
 * ustat: show what programs of high-level languages do, like top.
 *
 * USAGE: ustat [-l LANGUAGE] [-C] [-S SORT] [-r MAXROWS] [-p PID] [-d] [--duration SECONDS] [--json]
 *              [interval] [count]
 *
 *     # ustat -C -S method 2
 *     Tracing... Output every 2 secs. Hit Ctrl-C to end
 *
 *     22:29:30 loadavg: 30.04 27.00 21.24 31/474 30491
 *     PID    CMDLINE              METHOD/s   GC/s   OBJNEW/s   CLOAD/s  EXC/s  THR/s
 *     28522  /usr/bin/python3.11  26186      0      0          0        0      0
 *     29670  ruby -e class Shop;  611        0      458        0        0      0
 *     29671  node --expose-gc -e  0          9      0          0        0      0
 *
 * Calls of methods, garbage collections, new objects, loaded classes (or files, for PHP and Ruby),
 * exceptions and new threads per second. Processes are found by their names (java, node, perl, php,
 * python, ruby, tclsh and the like), those that begin later at the next report. As JSON the rows hold counts
 * per interval, not per second.
 *
 * What is seen in each language is told by the pages of ucalls, ugc and uobjnew; exceptions are those of
 * Java, PHP and Ruby, threads those of Java. A column of what cannot be seen stays 0. Each process is probed
 * for itself. Names javastat, nodestat, perlstat, phpstat, pythonstat, rubystat and tclstat of ts-bcc run it
 * for one language.
 *
 * A collection counts once, where bcc's tool counts each pool of memory of Java besides, so nine for one of
 * the serial collector or of G1, and the mark and the sweep stage of Ruby as two. Seven calls of System.gc()
 * were 7 with Java's serial collector, the parallel one and G1 (OpenJDK 17 and 25), but 21 with ZGC and 28
 * with Shenandoah in 17, which pass the probe gc__begin several times in a cycle.
 *
 * Overhead: about 0.1 µs for each event of the traced programs, besides what the uprobes themselves cost; a
 * look at each new process between reports.
 */

import { type Bpf, readText, struct, u32, u64 } from "../../mod.ts";
import { languageCommands, languageOption } from "../../toolkit/languages/language_options.ts";
import { ACTIVITIES, LANGUAGES } from "../../toolkit/languages/languages.ts";
import { flag, longOnly, number, type Option, UsageError } from "../../toolkit/options/options.ts";
import {
  filterOptions,
  filterSettings,
  intervalArguments,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import { CounterDeltas, deltasOf } from "../../toolkit/output/counter_deltas.ts";
import { reportDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import { Targets } from "./targets.ts";
import object from "./ustat.bpf.o.ts";
import { rowShape } from "../../toolkit/records/record_shape.ts";

const ROWS = 20;
const SHOWN = LANGUAGES.filter(({ activity }) => activity !== undefined);

const options = {
  language: languageOption(SHOWN),
  noclear: flag({ short: "C", long: "noclear", help: "don't clear the screen" }),
  sort: {
    short: "S",
    long: "sort",
    meta: "SORT",
    help: `sort by this field (descending order): ${ACTIVITIES.join(", ")}`,
    initial: undefined,
    parse(value) {
      const found = ACTIVITIES.find((name) => name === value);
      if (found) return found;
      throw new UsageError(`expected one of ${ACTIVITIES.join(", ")}`);
    },
  } satisfies Option<(typeof ACTIVITIES)[number] | undefined> as Option<
    (typeof ACTIVITIES)[number] | undefined
  >,
  maxRows: number({
    short: "r",
    long: "maxrows",
    meta: "MAXROWS",
    help: `maximum rows to print, default ${ROWS}`,
    what: "a number of rows",
    min: 1,
    max: 2147483647,
  }),
  pid: filterOptions.pid,
  debug: flag({ short: "d", long: "debug", help: "tell what is probed in each process" }),
  ...standardOptions,
  duration: longOnly(standardOptions.duration),
  ...intervalArguments,
} as const;

const Activity = struct("activity", {
  method: u64.asNumber,
  gc: u64.asNumber,
  objnew: u64.asNumber,
  cload: u64.asNumber,
  excp: u64.asNumber,
  thread: u64.asNumber,
});
const NOTHING = { method: 0, gc: 0, objnew: 0, cload: 0, excp: 0, thread: 0 };

type Row = typeof NOTHING & { readonly pid: number; readonly commandLine: string };

const WIDTHS = [
  ["METHOD/s", 10, "method"],
  ["GC/s", 6, "gc"],
  ["OBJNEW/s", 10, "objnew"],
  ["CLOAD/s", 8, "cload"],
  ["EXC/s", 6, "excp"],
  ["THR/s", 6, "thread"],
] as const;

const columns = (seconds: number): Column<Row>[] => [
  { head: "PID", width: 6, align: "left", value: ({ pid }) => pid },
  {
    head: "CMDLINE",
    width: 20,
    value: ({ commandLine }) => commandLine,
    text: ({ commandLine }) => commandLine.slice(0, 20),
  },
  ...WIDTHS.map(([head, width, key]): Column<Row> => ({
    head,
    key,
    width,
    align: "left",
    value: (row) => row[key],
    text: (row) => String(Math.floor(row[key] / seconds)),
  })),
];

const ustat = defineTool({
  name: "ustat",
  summary: "Show what programs of high-level languages do, like top.",
  examples: [
    ["ustat", "stats for all languages, 1 second refresh"],
    ["ustat -C", "don't clear the screen"],
    ["ustat -l java", "Java processes only"],
    ["ustat 5", "5 second summaries"],
    ["ustat 5 10", "5 second summaries, 10 times only"],
  ],
  object,
  options,
  commands: languageCommands("stat", SHOWN),
  sample: false, // tests do not probe processes of others
  permissions: "all", // it looks into /proc of others
  plan(values) {
    const { language, noclear, sort, maxRows = ROWS, pid, interval = 1, count, debug } = values;
    const languages = SHOWN.filter(({ name }) => language === undefined || name === language);
    const deltas = new CounterDeltas();
    let targets: Targets | undefined;
    return {
      intro: `Tracing... Output every ${interval} secs. Hit Ctrl-C to end`,
      interval,
      count,
      redraw: !noclear,
      load: filterSettings(pid === undefined ? {} : { pid }),
      prepare(bpf: Bpf) {
        targets = new Targets(bpf, languages, debug);
        return targets;
      },
      attach() {
        targets!.look(pid);
        return Promise.resolve([]);
      },
      records: [
        rowShape({
          pid: "id",
          cmdline: "text",
          ...Object.fromEntries(WIDTHS.map(([, , key]) => [key, "count"] as const)),
        }),
      ],
      report(bpf, report) {
        const found = new Map(deltasOf(bpf.map("activities", u32, Activity), deltas, (one) => one));
        const rows = [...targets!].map(([pid, commandLine]): Row => ({
          pid,
          commandLine,
          ...found.get(pid) ?? NOTHING,
        }));
        rows.sort((a, b) => sort === undefined ? a.pid - b.pid : b[sort] - a[sort]);
        report.line();
        report.line(`${report.clock} loadavg: ${readText("/proc/loadavg").trim()}`);
        report.table(columns(report.seconds), rows.slice(0, maxRows));
        reportDropped(bpf, report, "ustat", "events");
        targets!.look(pid);
      },
    };
  },
});

export default ustat;

if (import.meta.main) await main(ustat);
