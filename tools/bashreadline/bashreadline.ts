/**
 * bashreadline: show the command lines that people type into shells.
 *
 * USAGE: bashreadline [-s SHARED] [-a] [-p PID] [-d SECONDS] [-b PAGES] [--container] [--cgroup PATH]
 *                     [--cgroupmap PATH] [--mntnsmap PATH] [--pidns PID] [--json]
 *
 *     # bashreadline
 *     TIME      PID     COMMAND
 *     22:28:06  24345   ls -d /etc
 *     22:28:06  24345   date +%Y
 *     22:28:07  24345   echo hello from a terminal
 *     22:28:07  24345   exit
 *
 * A line is shown when it is entered, be it a command that exists or not; a command of several lines is
 * shown line by line. What scripts run is not typed, and what passwords are read with (read -s) is not the
 * line editor. The line that a shell already waits for when the tool starts is not seen, only those after
 * it: a probe on a return is set when the function is called.
 *
 * Hooks: a uprobe at the return of readline() in this machine's bash; where bash has no such function of
 * its own, in libreadline, for processes called bash. With -s in that file, a bash or a library, for
 * processes called bash too. With -a also zsh's editor (zleread in its module zle.so), and all programs
 * that use readline() of libreadline or el_gets() of libedit, such as psql and gdb; column COMM tells
 * who. With -p in the files as that process has them, be it in a container. Not seen: fish, whose
 * executable names no functions; dash, which has no line editor in Debian; programs that take keys one by
 * one (python, bash's read without -e); bash and zsh in containers, without -p.
 */

import { bytesRest, type Infer, struct, u32 } from "../../mod.ts";
import { flag, text } from "../../toolkit/options/options.ts";
import {
  containerOptions,
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { clockColumn } from "../../toolkit/output/time_columns.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";
import { namedProcess } from "../../toolkit/task/pid_namespace.ts";
import { commColumn, Who } from "../../toolkit/task/who.ts";
import { attachEditors } from "./editors.ts";
import { lineText } from "./line_text.ts";
import object from "./bashreadline.bpf.o.ts";

const options = {
  shared: text({
    short: "s",
    long: "shared",
    meta: "SHARED",
    help: "the path of the libreadline.so, or of the bash, to trace",
  }),
  all: flag({
    short: "a",
    long: "all",
    help: "also zsh, and all programs that use libreadline or libedit",
  }),
  pid: filterOptions.pid,
  ...containerOptions,
  ...eventOptions,
} as const;

const Event = struct("event", { who: Who, coding: u32, is_cut: u32, line: bytesRest() });
type Event = Infer<typeof Event>;

const bashreadline = defineTool({
  name: "bashreadline",
  summary: "Show the command lines that people type into shells.",
  examples: [
    ["bashreadline", "what is typed into any bash"],
    ["bashreadline -a", "also zsh, and programs such as psql and gdb"],
    ["bashreadline -p 181", "only what is typed into process 181"],
    ["bashreadline -s /usr/lib/libreadline.so.8", "bash uses a libreadline at that path"],
  ],
  object,
  options,
  plan(values) {
    const { shared, all, pid, json } = values;
    const lineOf = ({ line, coding }: Event) => lineText(line, coding);
    return eventPlan(Event, {
      load: filterSettings(values, {
        bash_only: !all && pid === undefined,
      }),
      attach: (bpf) =>
        Promise.resolve(attachEditors(bpf, { shared, all, pid: namedProcess(values) })),
      columns: [
        { ...clockColumn(), width: 9 },
        { head: "PID", width: 7, value: ({ who }) => who.pid },
        (all || json) && commColumn(16),
        {
          head: "COMMAND",
          value: lineOf,
          text: (event) => event.is_cut ? `${lineOf(event)}…` : lineOf(event),
        },
        json && { head: "TRUNCATED", value: ({ is_cut }) => is_cut > 0 },
      ],
    });
  },
});

export default bashreadline;

if (import.meta.main) await main(bashreadline);
