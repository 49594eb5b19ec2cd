/**
 * uobjnew: summarize new objects in a program of a high-level language, by type.
 *
 * USAGE: uobjnew [-l LANGUAGE] [-C TOP_COUNT] [-S TOP_SIZE] [-v] [-d SECONDS] [--json] pid [interval]
 *
 *     # uobjnew -l ruby 20058
 *     Tracing allocations in process 20058 (language: ruby)... Ctrl-C to quit.
 *
 *     NAME/TYPE                      # ALLOCS      # BYTES
 *     Shop                                 97            0
 *     hash                                  5           10
 *     array                                 7           21
 *     string                               14           40
 *
 * Names cobjnew, javaobjnew, rubyobjnew and tclobjnew of ts-bcc run it for one language.
 *
 * What is seen, by language:
 *
 * - c: blocks by the size that malloc() is asked for; not calloc(), realloc() and new allocators of a
 *   program's own. A uprobe on malloc in the C library, for the one process.
 * - java: all objects with their class and bytes, if java ran with -XX:+ExtendedDTraceProbes. USDT
 *   hotspot:object__alloc. Bytes are right for arrays and classes at their first use; the interpreter of
 *   OpenJDK 17 tells no size of other objects, and whatever is in its place is summed.
 * - ruby: objects of classes, whose size nobody tells; strings, hashes and arrays by their length, with
 *   literals, but not those that Ruby's core makes in other ways. USDT ruby:object__create, string__create,
 *   hash__create and array__create.
 * - tcl: objects by the function that makes them, such as Tcl_NewListObj; those that Tcl's core makes
 *   without a call (most strings and integers of scripts) are not seen. Uprobes on the functions.
 *
 * Overhead: about 0.5 µs for each object, besides what the uprobes themselves cost.
 */

import { type Bpf, chars, struct, u32, u64 } from "../../mod.ts";
import {
  languageCommands,
  languageOption,
  pidArgument,
  requirePid,
  tellProbePoints,
  verboseOption,
} from "../../toolkit/languages/language_options.ts";
import { type Language, languagesWith } from "../../toolkit/languages/languages.ts";
import { chooseLanguage, requireRuntime } from "../../toolkit/languages/runtime.ts";
import { number, UsageError, type Values } from "../../toolkit/options/options.ts";
import {
  filterSettings,
  intervalArguments,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import { CounterDeltas, deltasOf } from "../../toolkit/output/counter_deltas.ts";
import type { Report } from "../../toolkit/output/report.ts";
import { attachProbePoints } from "../../toolkit/probes/probe_points.ts";
import { reportDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./uobjnew.bpf.o.ts";
import { rowShape } from "../../toolkit/records/record_shape.ts";

const LANGUAGES = languagesWith("objects");
const rows = { what: "a number of rows", min: 1, max: 2147483647 };

const options = {
  language: languageOption(LANGUAGES),
  topCount: number({
    short: "C",
    long: "top-count",
    meta: "TOP_COUNT",
    help: "number of most frequently allocated types to print",
    ...rows,
  }),
  topSize: number({
    short: "S",
    long: "top-size",
    meta: "TOP_SIZE",
    help: "number of largest types by allocated bytes to print",
    ...rows,
  }),
  verbose: verboseOption,
  ...standardOptions,
  pid: pidArgument,
  interval: intervalArguments.interval,
} as const;

const Key = struct("object", { size: u64.asNumber, kind: u32, unused: u32, type: chars(80) });
const Sums = struct("sums", { count: u64.asNumber, bytes: u64.asNumber });

interface Row {
  readonly type: string;
  readonly count: number;
  readonly bytes: number;
}

const COLUMNS: readonly Column<Row>[] = [
  { head: "NAME/TYPE", key: "type", width: 30, value: ({ type }) => type },
  { head: "# ALLOCS", key: "allocs", width: 8, align: "right", value: ({ count }) => count },
  { head: "# BYTES", key: "bytes", width: 12, align: "right", value: ({ bytes }) => bytes },
];

/** Returns the function that prints the counts since its last call. */
function reporter(
  { topCount, topSize }: Values<typeof options>,
  language: Language,
): (bpf: Bpf, report: Report) => void {
  const deltas = new CounterDeltas();
  const { names = [] } = language.objects!;
  const isC = language.name === "c";
  return (bpf, report) => {
    const found = [...deltasOf(bpf.map("objects", Key, Sums), deltas, (sums) => sums)]
      .map(([{ size, kind, type }, sums]): Row => ({
        type: isC ? `block size ${size}` : names[kind] || type,
        ...sums,
      }))
      .sort(topCount === undefined ? (a, b) => a.bytes - b.bytes : (a, b) => a.count - b.count);
    const top = topCount ?? topSize;
    report.line();
    report.table(COLUMNS, top === undefined ? found : found.slice(-top));
    reportDropped(bpf, report, "uobjnew", "objects");
  };
}

const uobjnew = defineTool({
  name: "uobjnew",
  summary: "Summarize new objects in high-level languages, by type.",
  examples: [
    ["uobjnew -l java 145", "summarize Java allocations in process 145"],
    ["uobjnew -l c 2020 1", "grab malloc() sizes and print every second"],
    ["uobjnew -l ruby 6712 -C 10", "top 10 Ruby types by number of allocations"],
    ["uobjnew -l ruby 6712 -S 10", "top 10 Ruby types by total size"],
  ],
  object,
  options,
  commands: languageCommands("objnew", LANGUAGES),
  sample: false, // it traces one process
  permissions: "all", // it looks into /proc of others
  plan(values, machine) {
    const { topCount, topSize, verbose } = values;
    if (topCount !== undefined && topSize !== undefined) {
      throw new UsageError("use either -C/--top-count or -S/--top-size, not both");
    }
    const pid = requirePid(values.pid);
    const language = chooseLanguage(pid, values.language, LANGUAGES, machine);
    const lines = [
      `Tracing allocations in process ${pid} (language: ${language.name})... Ctrl-C to quit.`,
      language.objects?.hint,
    ];
    return {
      intro: lines.filter(Boolean).join("\n"),
      interval: values.interval,
      load: filterSettings({ pid }, { by_size: language.name === "c" }),
      attach(bpf) {
        const runtime = requireRuntime(pid, language, language.objects!.points);
        if (verbose) tellProbePoints("uobjnew", runtime);
        const { path, points } = runtime;
        return Promise.resolve([attachProbePoints(bpf, "at_new", points, { path, pid })]);
      },
      records: [rowShape({ type: "text", allocs: "count", bytes: "count" })],
      report: reporter(values, language),
    };
  },
});

export default uobjnew;

if (import.meta.main) await main(uobjnew);
