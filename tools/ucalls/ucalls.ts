/**
 * ucalls: summarize calls of methods in a program of a high-level language, and its system calls.
 *
 * USAGE: ucalls [-l LANGUAGE] [-T TOP] [-L] [-S] [-m] [-v] [-d SECONDS] [--json] pid [interval]
 *
 *     # ucalls -L 18549
 *     Tracing calls in process 18549 (language: java)... Ctrl-C to quit.
 *     If you do not see any results, make sure you ran java with option -XX:+ExtendedDTraceProbes
 *
 *     METHOD                                              # CALLS TIME (us)
 *     java/lang/Class.getModule                                 1 0.98
 *     java/lang/Thread.getPriority                              1 1.03
 *     java/net/URL.<init>                                       4 91731.86
 *
 * Times are those from entry to return; a method that calls itself has the time of inner calls in those
 * around them, too. Names javacalls, perlcalls, phpcalls, pythoncalls, rubycalls and tclcalls of ts-bcc run
 * it for one language.
 *
 * What is seen, by language:
 *
 * - java: all methods, if java ran with -XX:+ExtendedDTraceProbes (which makes it much slower). USDT
 *   hotspot:method__entry and method__return.
 * - perl: all subs, those written in C too, with their file in place of a class. Uprobes on
 *   Perl_pp_entersub, Perl_pp_leavesub and Perl_pp_leavesublv, from Perl 5.22 on, built with threads as
 *   distributions do. A sub that is left by die() is not seen to return.
 * - php: functions and methods written in PHP, if the environment has USE_ZEND_DTRACE=1; not built-in
 *   functions. USDT php:function__entry and function__return.
 * - python: Python 3.11 of Debian tells each return, but entries of generators only, so calls are counted
 *   when they return, and -L times generators only; a yield is a return. Builds without probes (those of
 *   pyenv, of python.org) are not seen. USDT python:function__entry and function__return.
 * - ruby: methods written in C. Those written in Ruby have probes too, but these are silent in Debian's
 *   Ruby 3.1. USDT ruby:method__entry, cmethod__entry and their returns.
 * - tcl: procedures, lambdas and methods of TclOO, by name; commands written in C not. Uprobes on
 *   TclNRInterpProcCore, Tcl_PushCallFrame and Tcl_PopCallFrame.
 * - node: nothing; V8 has no such probe points.
 *
 * Overhead: about 0.6 µs for each call, 1.5 µs with -L, besides what the uprobes themselves cost.
 */

import { type Bpf, chars, struct, syscallName, u32, u64 } from "../../mod.ts";
import { attachCalls, callsObject, methodText } from "../../toolkit/languages/calls.ts";
import {
  languageCommands,
  languageOption,
  pidArgument,
  requirePid,
  verboseOption,
} from "../../toolkit/languages/language_options.ts";
import { languagesWith } from "../../toolkit/languages/languages.ts";
import { chooseLanguage, languageOf } from "../../toolkit/languages/runtime.ts";
import { flag, number, UsageError, type Values } from "../../toolkit/options/options.ts";
import {
  filterSettings,
  intervalArguments,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import { CounterDeltas, deltasOf } from "../../toolkit/output/counter_deltas.ts";
import type { Report } from "../../toolkit/output/report.ts";
import { reportDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import { rowShape } from "../../toolkit/records/record_shape.ts";

const LANGUAGES = languagesWith("calls");
const NONE = "none";
const TEXT = 80;

const options = {
  language: languageOption(LANGUAGES, [NONE]),
  top: number({
    short: "T",
    long: "top",
    meta: "TOP",
    help: "number of most frequent/slow calls to print",
    what: "a number of rows",
    min: 1,
    max: 2147483647,
  }),
  latency: flag({
    short: "L",
    long: "latency",
    help: "record method latency from enter to exit",
  }),
  syscalls: flag({ short: "S", long: "syscalls", help: "record system calls too" }),
  milliseconds: flag({
    short: "m",
    long: "milliseconds",
    help: "report times in milliseconds (default is microseconds)",
  }),
  verbose: verboseOption,
  ...standardOptions,
  pid: pidArgument,
  interval: intervalArguments.interval,
} as const;

const Method = struct("method", { class: chars(TEXT), name: chars(TEXT) });
const Sums = struct("sums", { count: u64.asNumber, time: u64.asNumber });

interface Row {
  readonly method: string;
  readonly count: number;
  readonly time: number;
}

function columns({ latency, milliseconds }: Values<typeof options>): Column<Row>[] {
  const calls: Column<Row>[] = [
    { head: "METHOD", width: 50, value: ({ method }) => method },
    { head: "# CALLS", key: "calls", width: 8, align: "right", value: ({ count }) => count },
  ];
  const [unit, ns] = milliseconds ? ["ms", 1e6] as const : ["us", 1e3] as const;
  const time: Column<Row> = {
    head: `TIME (${unit})`,
    key: `time_${unit}`,
    digits: 2,
    value: ({ time }) => time / ns,
  };
  return latency ? [...calls, time] : calls;
}

/** Returns the function that prints the counts since its last call. */
function reporter(values: Values<typeof options>): (bpf: Bpf, report: Report) => void {
  const deltas = new CounterDeltas();
  const { top, latency } = values;
  return (bpf, report) => {
    const methods = deltasOf(bpf.map("methods", Method, Sums), deltas, (sums) => sums);
    const syscalls = deltasOf(bpf.map("syscalls", u32, Sums), deltas, (sums) => sums);
    const rows = [
      ...[...methods].map(([key, sums]): Row => ({ method: methodText(key), ...sums })),
      ...[...syscalls].map(([number, sums]): Row => ({
        method: syscallName(number) ?? `[unknown: ${number}]`,
        ...sums,
      })),
    ].sort((a, b) => latency ? a.time - b.time : a.count - b.count);
    report.line();
    report.table(columns(values), top === undefined ? rows : rows.slice(-top));
    reportDropped(bpf, report, "ucalls", "calls");
  };
}

const ucalls = defineTool({
  name: "ucalls",
  summary: "Summarize calls of methods in high-level languages, and system calls.",
  examples: [
    ["ucalls -l java 185", "trace Java calls and print statistics on ^C"],
    ["ucalls -l python 2020 1", "trace Python calls and print every second"],
    ["ucalls -l java 185 -S", "trace Java calls and syscalls"],
    ["ucalls -l none 6712 -S", "trace only syscall counts"],
    ["ucalls -l ruby 1344 -T 10", "trace top 10 Ruby method calls"],
    ["ucalls -l php 443 -LS", "trace PHP calls and syscalls with latency"],
    ["ucalls -l perl 2020 -mL", "trace Perl calls including latency in ms"],
  ],
  object: callsObject,
  options,
  commands: languageCommands("calls", LANGUAGES),
  sample: false, // it traces one process
  permissions: "all", // it looks into /proc of others
  plan(values, machine) {
    const { latency, syscalls, verbose } = values;
    const pid = requirePid(values.pid);
    const language = values.language === NONE
      ? undefined
      : syscalls && values.language === undefined // with -S a process without a language is fine
      ? languageOf(pid, LANGUAGES, machine)
      : chooseLanguage(pid, values.language, LANGUAGES, machine);
    if (!language && !syscalls) throw new UsageError("nothing to do: use -S to trace system calls");
    const lines = [
      `Tracing calls in process ${pid} (language: ${language?.name ?? NONE})... Ctrl-C to quit.`,
      language?.calls?.hint,
    ];
    const load = filterSettings({ pid }, {
      counting: true,
      follow: latency,
      count_at_leave: language?.calls?.countAtLeave ?? false,
    });
    const options = { tool: "ucalls", pid, follow: latency, verbose };
    return {
      intro: lines.filter(Boolean).join("\n"),
      interval: values.interval,
      load: {
        ...load,
        programs: { enter_syscall: syscalls, exit_syscall: syscalls && latency },
      },
      attach(bpf) {
        const links = language ? attachCalls(bpf, language, options) : [];
        const names = syscalls ? latency ? ["enter", "exit"] : ["enter"] : [];
        return Promise.resolve([
          ...links,
          ...names.map((name) => bpf.program(`${name}_syscall`).attach()),
        ]);
      },
      records: [
        rowShape({
          method: "text",
          calls: "count",
          ...latency && { [values.milliseconds ? "time_ms" : "time_us"]: "count" as const },
        }),
      ],
      report: reporter(values),
    };
  },
});

export default ucalls;

if (import.meta.main) await main(ucalls);
