/**
 * gethostlatency: trace how long programs take to look up names of hosts.
 *
 * USAGE: gethostlatency [-p PID] [-l LIBC] [-d SECONDS] [-b PAGES] [--cgroup PATH] [--cgroupmap PATH]
 *                       [--mntnsmap PATH] [--pidns PID] [--container] [--json]
 *
 *     # gethostlatency
 *     TIME      PID     COMM                  LATms HOST
 *     09:04:13  7353    curl                  21.43 example.org
 *     09:04:14  7361    ping                   0.31 localhost
 *
 * The time is that of the call: files, caches and name servers, whatever the C library asks.
 *
 * Hooks: uprobes at entry and return of getaddrinfo, gethostbyname and gethostbyname2 in the C library
 * of this machine; with -p in the one that the process has mapped, be it in a container; with -l in the
 * file of that path. Not seen: programs that bring a resolver of their own (Go, Java, browsers), the
 * reentrant gethostbyname_r, and without -p programs in containers, whose C library is another file.
 * A probe is refused where it would break what it traces: see `ts-bcc doctor`.
 */

import { type Bpf, chars, i32, type Link, struct, u32, u64, userFunctions } from "../../mod.ts";
import { text } from "../../toolkit/options/options.ts";
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
import { Who } from "../../toolkit/task/who.ts";
import object from "./gethostlatency.bpf.o.ts";

const FUNCTIONS = ["getaddrinfo", "gethostbyname", "gethostbyname2"];

const options = {
  pid: filterOptions.pid,
  libc: text({
    short: "l",
    long: "libc",
    meta: "LIBC",
    help: "the path of the C library to trace",
  }),
  ...containerOptions,
  ...eventOptions,
} as const;

const Event = struct("event", {
  time: u64.asNumber,
  who: Who,
  duration_ns: u64.asNumber,
  is_cut: i32,
  unused: u32,
  host: chars(256),
});

/**
 * Attaches the return probe first: a return without an entry is ignored, but an entry without a
 * return would stay in the map.
 */
function attach(bpf: Bpf, pid: number | undefined, libc: string | undefined): Link[] {
  const file = libc === undefined ? { library: "c" } : { path: libc };
  const found = userFunctions(libc ?? "c", new RegExp(`^(${FUNCTIONS.join("|")})$`), pid);
  // Several symbols may be aliases of one function.
  const offsets = [...new Set(found.map(({ offset }) => offset))];
  if (offsets.length === 0) {
    throw new Error(
      `Cannot trace look-ups: "${libc ?? "libc"}" has none of ${FUNCTIONS.join(", ")}`,
    );
  }
  return offsets.flatMap((offset) => {
    const place = { ...file, offset, ...pid === undefined ? {} : { pid } };
    return [
      bpf.program("end_lookup").attachUprobe({ ...place, atReturn: true }),
      bpf.program("begin_lookup").attachUprobe(place),
    ];
  });
}

const gethostlatency = defineTool({
  name: "gethostlatency",
  summary: "Show latency for getaddrinfo/gethostbyname[2] calls.",
  examples: [
    ["gethostlatency", "trace all look-ups of names"],
    ["gethostlatency -p 181", "only trace PID 181"],
    ["gethostlatency -l /usr/lib/musl/lib/libc.so", "trace what another C library does"],
  ],
  object,
  options,
  // Tests do not probe the C library of every process.
  sample: false,
  plan(values) {
    return eventPlan(Event, {
      load: filterSettings(values),
      attach: (bpf) => Promise.resolve(attach(bpf, namedProcess(values), values.libc)),
      span: ({ time, duration_ns: duration }) => ({ start: time, duration, name: "resolve" }),
      columns: [
        { ...clockColumn(), width: 9 },
        { head: "PID", width: 7, value: ({ who }) => who.pid },
        { head: "COMM", width: 16, value: ({ who }) => who.comm },
        {
          head: "LATms",
          key: "lat_ms",
          width: 10,
          align: "right",
          digits: 2,
          value: ({ duration_ns }) => duration_ns / 1e6,
        },
        {
          head: "HOST",
          value: ({ host }) => host,
          text: ({ host, is_cut }) => is_cut ? `${host}…` : host,
        },
        values.json && { head: "TRUNCATED", value: ({ is_cut }) => is_cut > 0 },
      ],
    });
  },
});

export default gethostlatency;

if (import.meta.main) await main(gethostlatency);
