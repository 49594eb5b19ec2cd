/**
 * trace: print what functions, tracepoints and USDT probes are called with, where a condition holds.
 *
 * USAGE: trace [-b PAGES] [-p PID | -L TID] [--uid UID] [-v] [-Z SIZE] [-S] [-M EVENTS] [-m EVENTS] [-t]
 *              [-u] [-T] [-C] [-c PATH] [-n NAME] [-f TEXT] [-B] [-s FILES] [-K] [-U] [-a] [-I HEADER]
 *              [--stack-walk WAY] [--stack-memory MIB]
 *              [-A] [-d SECONDS] [--json] probe …
 *
 *     # trace -n ls -T 'c:malloc (arg1 > 1000) "%d bytes", arg1' 't:syscalls:sys_enter_openat "%s", args->filename'
 *     TIME     PID     TID     COMM            FUNC             -
 *     23:23:14 30081   30081   ls              sys_enter_openat /etc/ld.so.cache
 *     23:23:14 30081   30081   ls              sys_enter_openat /lib/x86_64-linux-gnu/libselinux.so.1
 *     23:23:14 30081   30081   ls              sys_enter_openat /proc/filesystems
 *     23:23:14 30081   30081   ls              malloc           1024 bytes
 *
 * A probe is `HOOK[(SIGNATURE)] [(FILTER)] ["FORMAT"[, VALUE…]]`. Hooks are `[p:[LIBRARY]:]FUNCTION[+OFFSET]`
 * for the entry of a function and `r:[LIBRARY]:FUNCTION` for its return, of the kernel unless there is
 * a library, a program in PATH or a path; `l:LIBRARY:FUNCTION` and `LIBRARY:FUNCTION` for short;
 * `t:CATEGORY:EVENT` for a tracepoint; and `u:LIBRARY:[PROVIDER:]PROBE` for a USDT probe. Filter and
 * values are expressions in C, with arg1 to arg6 or the signature's names, retval, args->MEMBER of
 * tracepoints, $pid (the thread), $tgid (the process), $uid, $gid, $cpu, $task, and
 * STRCMP("text", address), which is true for equal texts. The format is printf's, with %K and %U for
 * addresses of kernel and user functions. USDT probes have arg1 to arg12, each of the type that it has at
 * that place of the probe, and 0 at places that lack it; %f, %e and %g show floating-point numbers among
 * them.
 *
 * Hooks: those that are asked for. The programs are compiled when the tool starts, because they depend on
 * what the user types, by a compiler of its own: types are those of the kernel's BTF, and nothing need be
 * installed. Headers by -I, macros, and what else it does not know are left to libbcc, where that is
 * installed. Strings are read from the process or the kernel by their address, so that bcc's `arg1@user` is
 * the same as `arg1`. Kernel functions need kprobes.
 *
 * User stacks (-U) are walked as stackcount's are, whole without frame pointers (--stack-walk); those of
 * probes that only libbcc can compile are walked by frame pointers.
 *
 * Overhead: about 0.2 µs per event, less than 0.1 µs where the filter does not hold; and what the hook
 * itself costs, which is far more for a user function than for a tracepoint.
 */

import { EventStacks } from "../../toolkit/stacks/event_stacks.ts";
import { BorrowedWalk } from "../../toolkit/stacks/borrowed_walk.ts";
import { walkSettings } from "../../toolkit/stacks/stack_walk.ts";
import { main } from "../../toolkit/run/main.ts";
import { eventsDropped } from "../../toolkit/probe_language/events_dropped.ts";
import { attachProbe } from "../../toolkit/probe_language/probe_attach.ts";
import { COMPILER_FLAGS } from "../../toolkit/probe_language/probe_code.ts";
import { conversionsOf, formatMessage } from "./format.ts";
import { ringPages } from "../../toolkit/options/buffer_pages_option.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import { startClock, type TraceClock, traceColumns } from "./columns.ts";
import { checkTraceOptions, traceOptions } from "./options.ts";
import { parseTraceProbe } from "./probe.ts";
import { type TraceEvent, TraceProgram } from "./program.ts";

const trace = defineTool({
  name: "trace",
  summary: "Trace functions, tracepoints and USDT probes, and print their arguments.",
  examples: [
    ["trace do_sys_openat2", "a kernel function, with no message"],
    [`trace 'do_sys_openat2 "%s", arg2'`, "the names of files being opened"],
    [`trace 'sys_read (arg3 > 20000) "%d bytes", arg3'`, "reads of more than 20000 bytes"],
    [`trace 'r::vfs_read "%lld", retval'`, "what a kernel function returns"],
    [`trace 'c:open (arg2 == 42) "%s %d", arg1, arg2'`, "open() of libc with flags of 42"],
    [`trace 'r:bash:readline "%s", retval'`, "what is typed in all shells"],
    [`trace 't:block:block_rq_complete "%d", args->nr_sector'`, "a tracepoint"],
    [`trace 'u:ruby:method__entry "%s", arg2' -p 1234`, "a USDT probe of one process"],
    [`trace 'c:open(char *f) (STRCMP("a.txt", f)) "%s", f' -T`, "opens of one file"],
    ["trace c:nanosleep -U -a", "with user stacks and their addresses"],
  ],
  options: traceOptions,
  sample: ['t:sched:sched_process_exec "%s", args->filename'],
  permissions: "all",
  plan(values, machine) {
    checkTraceOptions(values);
    const walkLoad = values.userStack ? walkSettings(values, machine) : undefined;
    const walk = walkLoad?.globals?.unwinding ? new BorrowedWalk("trace", walkLoad) : undefined;
    const program = new TraceProgram(
      values.probes.map((probe) => parseTraceProbe(probe, values.textSize)),
      { ...values, machine, pages: ringPages(values.bufferPages, machine), walk },
    );
    const { text, source, probes, usdt } = program;
    if (values.ebpf) return { text: text.trimEnd() };
    const explain = (error: unknown) => source.explain(error, text);
    const stacks = new EventStacks(walk);
    const clock: TraceClock = { startNs: 0, startUnix: 0 };
    const message = (event: TraceEvent) =>
      formatMessage(
        probes[event.probe]!.format,
        program.valuesOf(event),
        (letter, address) =>
          letter === "K" ? stacks.kernelName(address) : stacks.userName(address, event),
      );
    const namesUsers = values.userStack ||
      probes.some(({ format }) => conversionsOf(format).some(({ letter }) => letter === "U"));
    const { mostPerProbe = Infinity } = values;
    const printed = probes.map(() => 0);
    return {
      source: {
        text,
        options: { usdt, cflags: COMPILER_FLAGS },
        explain,
        verbose: values.verbose,
        // Only libbcc can include the user's own headers.
        ...values.includes.length === 0 ? { own: () => program.compiled() } : {},
      },
      event: program.event,
      columns: traceColumns(values, program, stacks, message, clock),
      most: Math.min(values.most ?? Infinity, mostPerProbe * probes.length),
      aggregate: values.aggregate,
      wants: (event: TraceEvent) =>
        (values.message === undefined || message(event).includes(values.message)) &&
        ++printed[event.probe]! <= mostPerProbe,
      ...values.kernelStack || values.userStack
        ? { below: (event: TraceEvent) => stacks.lines(event, values.addresses) }
        : {},
      dropped: eventsDropped,
      prepare() {
        Object.assign(clock, startClock());
        if (namesUsers) stacks.follow(values.pid);
        return stacks;
      },
      async attach(bpf) {
        await walk?.follow(values.pid === undefined ? undefined : [values.pid]);
        try {
          return probes.map(({ program, hook, path }) =>
            attachProbe(bpf, program, hook, path, values.pid)
          );
        } catch (error) {
          throw explain(error);
        }
      },
    };
  },
});

export default trace;

if (import.meta.main) await main(trace);
