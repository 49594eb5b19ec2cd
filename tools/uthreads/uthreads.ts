/**
 * uthreads: trace threads that begin and end in a program of a high-level language, or in any.
 *
 * USAGE: uthreads [-l LANGUAGE] [-v] [-d SECONDS] [-b PAGES] [--json] pid
 *
 *     # uthreads -l java 20552
 *     Tracing thread events in process 20552 (language: java)... Ctrl-C to quit.
 *     TIME     ID               TYPE     DESCRIPTION
 *     0.000    21021            pthread  thread_native_entry(Thread*)
 *     0.000    R=12/N=21021     start    worker-0
 *     0.000    R=12/N=21021     stop     worker-0
 *     0.001    21022            pthread  thread_native_entry(Thread*)
 *     0.001    R=13/N=21022     start    worker-1
 *     0.001    R=13/N=21022     stop     worker-1
 *
 * TIME is the seconds from the first row. Rows of type pthread are threads that pthread_create() makes, with
 * their id and the function that they begin with; bcc's tool needs a C library with probes for them, which
 * Debian's has not. Rows of Java tell R, Java's own id, and N, the id of its native thread. Name
 * javathreads of ts-bcc runs it for Java.
 *
 * Hooks: uprobes at entry and return of pthread_create in the C library of the process, and raw tracepoint
 * sched_process_fork, which tells the new thread's id; for Java USDT hotspot:thread__start and thread__stop.
 * Not seen: the end of other threads than Java's, threads that begin with clone() itself (Go), and of other
 * languages anything but their pthreads.
 */

import {
  chars,
  formatSymbol,
  type Infer,
  struct,
  u32,
  u64,
  userFunctions,
  UserSymbols,
} from "../../mod.ts";
import {
  languageCommands,
  languageOption,
  pidArgument,
  requirePid,
  tellProbePoints,
  verboseOption,
} from "../../toolkit/languages/language_options.ts";
import { languagesWith } from "../../toolkit/languages/languages.ts";
import { languageOf, requireRuntime } from "../../toolkit/languages/runtime.ts";
import { eventOptions, filterSettings } from "../../toolkit/options/standard_options.ts";
import { attachProbePoints } from "../../toolkit/probes/probe_points.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { Who } from "../../toolkit/task/who.ts";
import object from "./uthreads.bpf.o.ts";

const LANGUAGES = languagesWith("threads");
/** Languages without thread probes: only pthread_create() is traced. */
const PTHREADS_ONLY = ["c", "none"];
const TYPES = ["start", "stop", "pthread"];
const PTHREAD = 2;
const FUNCTION = "pthread_create";

const options = {
  language: languageOption(LANGUAGES, PTHREADS_ONLY),
  verbose: verboseOption,
  ...eventOptions,
  pid: pidArgument,
} as const;

const Event = struct("event", {
  who: Who,
  time: u64.asNumber,
  id: u64,
  native_id: u64.asNumber,
  kind: u32,
  unused: u32,
  name: chars(80),
});
type Event = Infer<typeof Event>;

const uthreads = defineTool({
  name: "uthreads",
  summary: "Trace threads that begin and end in high-level languages.",
  examples: [
    ["uthreads -l java 185", "trace Java threads in process 185"],
    ["uthreads -l none 12245", "trace only pthreads in process 12245"],
  ],
  object,
  options,
  commands: languageCommands("threads", LANGUAGES),
  sample: false, // it traces one process
  permissions: "all", // it looks into /proc of others
  plan(values, machine) {
    const { json, verbose } = values;
    const pid = requirePid(values.pid);
    const language = values.language === undefined
      ? languageOf(pid, LANGUAGES, machine)
      : LANGUAGES.find(({ name }) => name === values.language);
    const symbols = new UserSymbols();
    const name = ({ kind, name, id, time }: Event) =>
      kind === PTHREAD ? formatSymbol(symbols.resolve(pid, id, { time }), id) : name;
    const called = language?.name ?? values.language ?? "c";
    let first: number | undefined;
    return eventPlan(Event, {
      intro: `Tracing thread events in process ${pid} (language: ${called})... Ctrl-C to quit.`,
      load: filterSettings({ pid }),
      prepare() {
        symbols.follow({ pids: [pid] });
        return symbols;
      },
      attach(bpf) {
        const runtime = language && requireRuntime(pid, language, language.threads!.points);
        if (runtime && verbose) tellProbePoints("uthreads", runtime);
        const isInLibc = userFunctions("c", new RegExp(`^${FUNCTION}$`), pid).length > 0;
        const where = { library: isInLibc ? "c" : "pthread", symbol: FUNCTION, pid };
        return Promise.resolve([
          bpf.program("forked").attach(),
          bpf.program("end_create").attachUprobe({ ...where, atReturn: true }),
          bpf.program("begin_create").attachUprobe(where),
          ...runtime
            ? [attachProbePoints(bpf, "at_thread", runtime.points, { path: runtime.path, pid })]
            : [],
        ]);
      },
      columns: [
        json && { head: "PID", value: ({ who }) => who.pid },
        {
          head: "TIME",
          width: 8,
          align: "left",
          digits: 3,
          value: ({ time }) => (time - (first ??= time)) / 1e9,
        },
        {
          head: "ID",
          width: 16,
          align: "left",
          value: ({ native_id }) => native_id,
          text: ({ kind, id, native_id }) =>
            kind === PTHREAD ? String(native_id) : `R=${id}/N=${native_id}`,
        },
        json && {
          head: "RUNTIME_ID",
          member: "number?",
          value: ({ kind, id }) => kind === PTHREAD ? null : Number(id),
        },
        { head: "TYPE", width: 8, value: ({ kind }) => TYPES[kind] ?? String(kind) },
        { head: "DESCRIPTION", value: name },
      ],
    });
  },
});

export default uthreads;

if (import.meta.main) await main(uthreads);
