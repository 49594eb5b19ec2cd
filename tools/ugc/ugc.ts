/**
 * ugc: trace garbage collections in a program of a high-level language.
 *
 * USAGE: ugc [-l LANGUAGE] [-m] [-M MINIMUM] [-F FILTER] [-v] [-d SECONDS] [-b PAGES] [--json] pid
 *
 *     # ugc -l node 19077
 *     Tracing garbage collections in node process 19077... Ctrl-C to quit.
 *     START    TIME (us) DESCRIPTION
 *     0.277    128229.67 GC mark-sweep-compact
 *     0.407    27698.09  GC mark-sweep-compact
 *     0.656    151.74    GC scavenge
 *
 * START is the seconds from when the tool began. Names nodegc, pythongc and rubygc of ts-bcc run it for one
 * language; javagc is a tool of its own there, so that bcc's javagc is ugc -l java.
 *
 * What is seen, by language:
 *
 * - java: each memory pool that a collection is about, and the collection as a whole, whose row has no
 *   information. Each pool has its own numbers (bcc's tool gives all of them those of the last). USDT
 *   hotspot:mem__pool__gc__begin and __end, gc__begin and gc__end.
 * - node: scavenges, mark-compacts and minor mark-compacts of V8, from entry to return of the functions
 *   that do them, in node itself or in libnode; what V8 marks little by little between them is not seen.
 *   Needs a build whose symbols are there, as those of nodesource are.
 * - python: the generation, and how many objects were collected. USDT python:gc__start and gc__done.
 * - ruby: the mark and the sweep stage; a lazy sweep later on is not seen. USDT ruby:gc__mark__begin,
 *   gc__sweep__begin and their ends.
 *
 * Overhead: about 3 µs for each collection.
 */

import { array, chars, type Infer, struct, u32, u64 } from "../../mod.ts";
import {
  languageCommands,
  languageOption,
  pidArgument,
  requirePid,
  tellProbePoints,
  verboseOption,
} from "../../toolkit/languages/language_options.ts";
import { languagesWith } from "../../toolkit/languages/languages.ts";
import { chooseLanguage, requireRuntime } from "../../toolkit/languages/runtime.ts";
import { flag, number, text } from "../../toolkit/options/options.ts";
import { eventOptions, filterSettings } from "../../toolkit/options/standard_options.ts";
import { attachProbePoints } from "../../toolkit/probes/probe_points.ts";
import { monotonicTime } from "../../plumbing.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { Who } from "../../toolkit/task/who.ts";
import object from "./ugc.bpf.o.ts";

const LANGUAGES = languagesWith("gc");
const NS_PER_MS = 1e6;

const options = {
  language: languageOption(LANGUAGES),
  milliseconds: flag({
    short: "m",
    long: "milliseconds",
    help: "report times in milliseconds (default is microseconds)",
  }),
  minimum: number({
    short: "M",
    long: "minimum",
    meta: "MINIMUM",
    help: "display only GCs longer than this many milliseconds",
    what: "a time in milliseconds",
    min: 0,
    max: 2147483647,
    fraction: true,
  }),
  filter: text({
    short: "F",
    long: "filter",
    meta: "FILTER",
    help: "display only GCs whose description contains this text",
  }),
  verbose: verboseOption,
  ...eventOptions,
  pid: pidArgument,
} as const;

const Event = struct("event", {
  who: Who,
  time: u64.asNumber,
  duration_ns: u64.asNumber,
  before: array(u64, 2),
  after: array(u64, 2),
  kind: u32,
  unused: u32,
  manager: chars(64),
  pool: chars(64),
});
type Event = Infer<typeof Event>;

const ugc = defineTool({
  name: "ugc",
  summary: "Trace garbage collections in high-level languages.",
  examples: [
    ["ugc -l java 185", "trace Java GCs in process 185"],
    ["ugc -l ruby 1344 -m", "trace Ruby GCs reporting in ms"],
    ["ugc -M 10 -l java 185", "trace only Java GCs longer than 10ms"],
    ["ugc -F Tenured -l java 185", "trace only GCs that are about this pool"],
  ],
  object,
  options,
  commands: languageCommands("gc", LANGUAGES),
  sample: false, // it traces one process
  permissions: "all", // it looks into /proc of others
  plan(values, machine) {
    const { filter, milliseconds, json, minimum = 0, verbose } = values;
    const pid = requirePid(values.pid);
    const language = chooseLanguage(pid, values.language, LANGUAGES, machine);
    const { points: queries, untilReturn = false, describe } = language.gc!;
    const describeEvent = ({ kind, before, after, manager, pool }: Event) =>
      describe[kind]?.({
        before: [before[0]!, before[1]!],
        after: [after[0]!, after[1]!],
        manager,
        pool,
      }) ?? String(kind);
    const [unit, ns] = milliseconds ? ["ms", NS_PER_MS] as const : ["us", 1e3] as const;
    let start = 0;
    return eventPlan(Event, {
      intro: `Tracing garbage collections in ${language.name} process ${pid}... Ctrl-C to quit.`,
      load: filterSettings({ pid }, { min_ns: BigInt(Math.round(minimum * NS_PER_MS)) }),
      attach(bpf) {
        const runtime = requireRuntime(pid, language, queries);
        start = monotonicTime();
        if (verbose) tellProbePoints("ugc", runtime);
        const { path, points } = runtime;
        const where = { path, pid };
        // The end probe first: an end without a begin is ignored.
        const returns = untilReturn
          ? [bpf.program("at_return").attachUprobe({ ...where, functions: points, atReturn: true })]
          : [];
        return Promise.resolve([...returns, attachProbePoints(bpf, "at_gc", points, where)]);
      },
      wants: (event) => filter === undefined || describeEvent(event).includes(filter),
      columns: [
        json && { head: "PID", value: ({ who }) => who.pid },
        {
          head: "START",
          width: 8,
          align: "left",
          digits: 3,
          value: ({ time }) => (time - start) / 1e9,
        },
        {
          head: `TIME (${unit})`,
          key: `time_${unit}`,
          width: 9,
          align: "left",
          digits: 2,
          value: ({ duration_ns }) => duration_ns / ns,
        },
        { head: "DESCRIPTION", value: describeEvent },
      ],
    });
  },
});

export default ugc;

if (import.meta.main) await main(ugc);
