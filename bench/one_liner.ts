import { statSync } from "node:fs";
import { builtPath, type Question, tracers } from "./question.ts";

const PROBE = "syscalls/sys_enter_openat";
/** The same one-liner for ts-bcc and for bpftrace: one tracepoint, one process. */
const OURS = `tracepoint("${PROBE}", (e) => ` +
  "print(`${pid()} ${comm()} ${userString(e.filename, 256)}`))";
const BPFTRACE = `tracepoint:${PROBE.replace("/", ":")} /pid == $1/ ` +
  '{ printf("%d %s %s\\n", pid, comm, str(args->filename)); }';

/**
 * A one-liner that is compiled at its start, compared with bpftrace and with a tool that is compiled
 * beforehand.
 */
export const oneLiner: Question = {
  title: "A tracepoint that is printed, from a command to its first event",
  figures: { "first event, ms": "less", "resident, MiB": "less", "private, MiB": "less" },
  quickRuns: 5,
  subjects(circumstances) {
    const tsBcc = builtPath("bun/ts-bcc");
    statSync(tsBcc);
    const opensnoop = tracers(circumstances).find(({ name }) => name === "Bun, executable")!;
    const commands = {
      "Bun, ts-bcc run -e": [tsBcc, "run", "-p", "@PID", "-e", OURS],
      // Listed under this name so that it counts as a peer: the report then has a ratio to it.
      "the tool opensnoop": opensnoop.command,
      bpftrace: ["/usr/bin/bpftrace", "-B", "line", "-e", BPFTRACE, "@PID"],
    };
    return Object.entries(commands).map(([name, command]) => ({
      name,
      command: [builtPath("tracer"), "start", "--", ...command],
    }));
  },
};
