/**
 * uflow: show calls of methods in a program of a high-level language as they come and go, indented.
 *
 * USAGE: uflow [-l LANGUAGE] [-M METHOD] [-C CLASS] [-v] [-d SECONDS] [-b PAGES] [--json] pid
 *
 *     # uflow -l ruby 18757
 *     Tracing method calls in ruby process 18757... Ctrl-C to quit.
 *     Methods written in C are seen; those written in Ruby where its probes tell them, which those of Ruby 3.1 do not
 *     CPU PID    TID    TIME(us) METHOD
 *     0   18757  18757  0        <- IO.gets
 *     0   18757  18757  97       -> Integer.times
 *     0   18757  18757  112        -> String.swapcase
 *     0   18757  18757  121        <- String.swapcase
 *     0   18757  18757  126        -> String.swapcase
 *     0   18757  18757  128        <- String.swapcase
 *
 * TIME is in microseconds since the first row, for each row its own. Events of different threads may come
 * out of order where they run on different CPUs: follow one TID. Calls that began before the tool are seen
 * when they return, without indentation. With -C and -M only what matches is indented. What is seen in each
 * language is told in ucalls' page; of Python 3.11 that is the returns, and entries of generators only.
 * Names javaflow, perlflow, phpflow, pythonflow, rubyflow and tclflow of ts-bcc run it for one language.
 *
 * Overhead: about 1.6 µs for each call, besides what the uprobes themselves cost.
 */

import { chars, type Infer, struct, u32, u64 } from "../../mod.ts";
import { attachCalls, callsObject, methodText } from "../../toolkit/languages/calls.ts";
import {
  languageCommands,
  languageOption,
  pidArgument,
  requirePid,
  verboseOption,
} from "../../toolkit/languages/language_options.ts";
import { languagesWith } from "../../toolkit/languages/languages.ts";
import { chooseLanguage } from "../../toolkit/languages/runtime.ts";
import { text, UsageError } from "../../toolkit/options/options.ts";
import { eventOptions, filterSettings } from "../../toolkit/options/standard_options.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { Who } from "../../toolkit/task/who.ts";

const LANGUAGES = languagesWith("calls");
const TEXT = 80;
const NS_PER_US = 1000;

const options = {
  language: languageOption(LANGUAGES),
  method: text({
    short: "M",
    long: "method",
    meta: "METHOD",
    help: "trace only calls to methods starting with this prefix",
  }),
  class: text({
    short: "C",
    long: "class",
    meta: "CLASS",
    help: "trace only calls to classes starting with this prefix",
  }),
  verbose: verboseOption,
  ...eventOptions,
  pid: pidArgument,
} as const;

const Event = struct("event", {
  who: Who,
  time: u64.asNumber,
  cpu: u32,
  depth: u32,
  is_leave: u32,
  unused: u32,
  method: struct("method", { class: chars(TEXT), name: chars(TEXT) }),
});
type Event = Infer<typeof Event>;

function prefix(name: string, value = ""): Record<string, unknown> {
  const length = new TextEncoder().encode(value).length;
  if (length >= TEXT) {
    throw new UsageError(
      `no ${name} begins with ${JSON.stringify(value)}: ${TEXT - 1} bytes are kept`,
    );
  }
  return { [`${name}_prefix`]: value, [`${name}_prefix_length`]: length };
}

const flowText = ({ depth, is_leave, method }: Event) =>
  "  ".repeat(Math.max(depth - 1, 0)) + (is_leave ? "<- " : "-> ") + methodText(method);

const uflow = defineTool({
  name: "uflow",
  summary: "Show the flow of calls of methods in high-level languages.",
  examples: [
    ["uflow -l java 185", "trace Java method calls in process 185"],
    ["uflow -l ruby 134", "trace Ruby method calls in process 134"],
    ["uflow -M indexOf -l java 185", "trace only 'indexOf'-prefixed methods"],
    ["uflow -C '<stdin>' -l python 180", "trace only REPL-defined methods"],
  ],
  object: callsObject,
  options,
  commands: languageCommands("flow", LANGUAGES),
  sample: false, // it traces one process
  permissions: "all", // it looks into /proc of others
  plan(values, machine) {
    const { json, verbose } = values;
    const pid = requirePid(values.pid);
    const language = chooseLanguage(pid, values.language, LANGUAGES, machine);
    let first: number | undefined;
    const microseconds = ({ time }: Event) => (time - (first ??= time)) / NS_PER_US;
    const lines = [
      `Tracing method calls in ${language.name} process ${pid}... Ctrl-C to quit.`,
      language.calls?.hint,
    ];
    const load = filterSettings({ pid }, {
      counting: false,
      ...prefix("class", values.class),
      ...prefix("name", values.method),
    });
    const options = { tool: "uflow", pid, follow: true, verbose };
    return eventPlan(Event, {
      intro: lines.filter(Boolean).join("\n"),
      load: { ...load, programs: { enter_syscall: false, exit_syscall: false } },
      attach: (bpf) => Promise.resolve(attachCalls(bpf, language, options)),
      columns: [
        { head: "CPU", width: 3, align: "left", value: ({ cpu }) => cpu },
        { head: "PID", width: 6, align: "left", value: ({ who }) => who.pid },
        { head: "TID", width: 6, align: "left", value: ({ who }) => who.tid },
        {
          head: "TIME(us)",
          key: "time_us",
          width: 8,
          align: "left",
          value: microseconds,
          text: (event) => String(Math.floor(microseconds(event))),
        },
        { head: "METHOD", value: ({ method }) => methodText(method), text: flowText },
        json && { head: "DEPTH", value: ({ depth }) => depth },
        json && { head: "FLOW", value: ({ is_leave }) => is_leave ? "return" : "entry" },
      ],
    });
  },
});

export default uflow;

if (import.meta.main) await main(uflow);
