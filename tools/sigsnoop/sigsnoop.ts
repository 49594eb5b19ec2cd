/**
 * sigsnoop: trace signals, also those that the kernel sends by itself.
 *
 * USAGE: sigsnoop [-x] [-k] [-n] [-p PID] [-s SIGNAL] [-v] [-d SECONDS] [-b PAGES] [--json]
 *
 *     # sigsnoop -n
 *     TIME     PID     COMM             SIG       TPID    RESULT
 *     08:37:26 23293   sleep            SIGCHLD   22335   0
 *     08:37:26 23340   bash             SIGTERM   23340   0
 *     08:37:27 23306   npm              SIGALRM   23287   0
 *     08:37:27 23287   timeout          SIGINT    23290   0
 *
 * PID and COMM are who sends; where the kernel does, for a timer, a terminal or a fault, whoever ran at that
 * time. TPID is the thread that a signal is put to. RESULT is what its si_errno says, mostly 0; with -k,
 * which traces kill(), tkill() and tgkill() instead, what the call returned and whom it named. JSON tells the
 * si_code and the outcome as well: delivered, ignored, already_pending, or, as -x shows, overflow_fail and
 * lose_info, where there was no memory to queue it.
 *
 * Hooks: raw tracepoint signal_generate; with -k tracepoints syscalls/sys_{enter,exit}_{kill,tkill,tgkill}.
 */

import {
  cast,
  functions,
  kernel,
  rawTracepoint,
  ringBuffer,
  signed,
  tid,
  tracepoint,
} from "../../kernel.ts";
import { callsInFlight } from "../../toolkit/kernel/base/calls.ts";
import { taskFilter } from "../../toolkit/kernel/task/filter.ts";
import { taskNumbers } from "../../toolkit/kernel/task/numbers.ts";
import { wantedSignals } from "../../toolkit/kernel/task/signal_filter.ts";
import { taskWho } from "../../toolkit/kernel/task/who.ts";
import { i32, struct } from "../../mod.ts";
import { clockColumn } from "../../toolkit/output/time_columns.ts";
import { programsFlag, showPrograms } from "../../toolkit/output/show_programs.ts";
import { main } from "../../toolkit/run/main.ts";
import { flag } from "../../toolkit/options/options.ts";
import { signalFilter, signalName, signals } from "../../toolkit/task/signals.ts";
import {
  containerOptions,
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { commColumn, Who } from "../../toolkit/task/who.ts";

const options = {
  failed: flag({ short: "x", long: "failed", help: "trace failed signals only" }),
  kill: flag({ short: "k", long: "kill", help: "trace signals issued by kill syscalls only" }),
  names: flag({ short: "n", long: "name", help: "output signal name instead of signal number" }),
  pid: filterOptions.pid,
  signal: signals({ short: "s", long: "signal", help: "trace a signal or a signal list: 9,TERM" }),
  verbose: programsFlag({ short: "v", long: "verbose" }),
  ...containerOptions,
  ...eventOptions,
} as const;

const Event = struct("event", {
  who: Who,
  receiver: i32,
  signal: i32,
  result: i32,
  code: i32,
  outcome: i32,
});

const signalEvents = functions({
  use: [taskFilter, taskNumbers, taskWho, wantedSignals],
  maps: { calls: callsInFlight(Event), events: ringBuffer(Event) },
  constants: {
    failed_only: false,
    SEND_SIG_PRIV: 1n, // this and 0 are no pointers to info: include/linux/sched/signal.h
    SI_KERNEL: 0x80,
    OVERFLOW_FAIL: 3, // TRACE_SIGNAL_OVERFLOW_FAIL of include/trace/events/signal.h
  },
}, (outside) => ({
  generate(args: readonly bigint[]) {
    const [signal, outcome] = [Number(signed(args[0]!, 32)), Number(signed(args[4]!, 32))];
    if (!outside.isSignalWanted(signal) || !outside.isWanted()) return;
    let result = 0;
    let code = 0;
    if (args[1]! > outside.SEND_SIG_PRIV) {
      const info = cast(args[1]!, "struct kernel_siginfo");
      result = info.si_errno;
      code = info.si_code;
    } else if (args[1]! === outside.SEND_SIG_PRIV) code = outside.SI_KERNEL;
    if (outside.failed_only && result === 0 && outcome < outside.OVERFLOW_FAIL) return;
    const receiver = outside.processNumberOf(cast(args[2]!, "struct task_struct"));
    outside.events.emit({ who: outside.who(), receiver, signal, result, code, outcome });
  },
  enter(receiver: number, signal: number) {
    if (!outside.isSignalWanted(signal) || !outside.isWanted()) return;
    outside.calls.set(
      tid(),
      { who: outside.who(), receiver, signal, result: 0, code: 0, outcome: -1 },
    );
  },
  leave(result: number) {
    const call = outside.calls.get(tid());
    if (call === undefined) return;
    call.result = result;
    if (!outside.failed_only || result < 0) outside.events.emit(call);
    outside.calls.delete(tid());
  },
}));

const code = kernel({ use: [signalEvents] }, {
  generated: rawTracepoint("signal_generate", ({ args }, { generate }) => generate(args)),
  enter_kill: tracepoint("syscalls/sys_enter_kill", (e, { enter }) => enter(e.pid, e.sig)),
  exit_kill: tracepoint("syscalls/sys_exit_kill", (e, { leave }) => leave(e.ret)),
  enter_tkill: tracepoint("syscalls/sys_enter_tkill", (e, { enter }) => enter(e.pid, e.sig)),
  exit_tkill: tracepoint("syscalls/sys_exit_tkill", (e, { leave }) => leave(e.ret)),
  enter_tgkill: tracepoint("syscalls/sys_enter_tgkill", (e, { enter }) => enter(e.pid, e.sig)),
  exit_tgkill: tracepoint("syscalls/sys_exit_tgkill", (e, { leave }) => leave(e.ret)),
});

/** Results of sending, indexed by the enum of include/trace/events/signal.h. */
const OUTCOMES = ["delivered", "ignored", "already_pending", "overflow_fail", "lose_info"];
const CALLS = ["kill", "tkill", "tgkill"].flatMap((call) => [`enter_${call}`, `exit_${call}`]);

/** `SIGKILL`; the number of a signal without a name. */
function nameOf(signal: number): string {
  const name = signalName(signal);
  return name === "unknown" ? String(signal) : `SIG${name}`;
}

const sigsnoop = defineTool({
  name: "sigsnoop",
  summary: "Trace signals, also those that the kernel sends by itself.",
  examples: [
    ["sigsnoop", "trace signals system-wide"],
    ["sigsnoop -k", "trace signals issued by kill syscalls only"],
    ["sigsnoop -x", "trace failed signals only"],
    ["sigsnoop -p 1216", "only trace those that PID 1216 sends"],
    ["sigsnoop -s 9", "only trace signal 9"],
  ],
  object: code,
  options,
  plan(values) {
    const { failed, kill, names, signal, verbose, json } = values;
    const own = { failed_only: failed, ...signalFilter(signal) };
    return eventPlan(Event, {
      load: {
        ...filterSettings(values, own),
        programs: {
          generated: !kill,
          ...Object.fromEntries(CALLS.map((program) => [program, kill])),
        },
      },
      ...verbose && { prepare: showPrograms },
      columns: [
        clockColumn(),
        { head: "PID", width: 7, value: ({ who }) => who.pid },
        commColumn(16),
        {
          head: "SIG",
          width: 9,
          member: names ? "text" : "number",
          value: ({ signal }) => names ? nameOf(signal) : signal,
        },
        { head: "TPID", width: 7, value: ({ receiver }) => receiver },
        { head: "RESULT", width: 6, value: ({ result }) => result },
        json && { head: "CODE", value: ({ code }) => code },
        json && { head: "OUTCOME", value: ({ outcome }) => OUTCOMES[outcome] ?? null },
      ],
    });
  },
});

export default sigsnoop;

if (import.meta.main) await main(sigsnoop);
