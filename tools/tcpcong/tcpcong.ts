/**
 * tcpcong: how long TCP connections are in each state of congestion control.
 *
 * USAGE: tcpcong [-L PORT[-PORT]] [-R PORT[-PORT]] [-T] [-d] [-u] [-4 | -6] [--netns INODE]
 *                [--duration SECONDS] [--json] [interval] [outputs]
 *
 *     # tcpcong
 *     Tracing tcp congestion control status duration... Hit Ctrl-C to end.
 *     ^C
 *     LAddrPort             RAddrPort             Open_ms Dod_ms Rcov_ms Cwr_ms  Los_ms Chgs
 *     192.0.2.2/46614       198.51.100.1/443      504     12     33      0       206    5
 *
 * The states (enum tcp_ca_state): Open, Disorder (duplicate acknowledgements came), CWR (the peer or the
 * local queue asked for less), Recovery (fast retransmit), Loss (a timer sent again). Times are those
 * between changes that were seen: what came before the first one does not count, nor Open at the end of
 * a connection; an end in any other state is a change. A connection without two changes is not shown.
 *
 * Hooks: raw tracepoints tcp_cong_state_set (Linux 5.19) and inet_sock_set_state. They are reached in
 * interrupts and timers, so there is no filter by process or container.
 */

import { array, type Bpf, histogramSections, type Infer, struct, u32, u64 } from "../../mod.ts";
import { address, familyOptions, Flow, flowSettings } from "../../toolkit/net/flow.ts";
import { netnsColumn, netnsFilter, netnsSettings } from "../../toolkit/net/netns.ts";
import {
  flag,
  longOnly,
  type Option,
  UsageError,
  type Values,
} from "../../toolkit/options/options.ts";
import { intervalArguments, standardOptions } from "../../toolkit/options/standard_options.ts";
import type { Column } from "../../toolkit/output/columns.ts";
import { CounterDeltas, deltasOf } from "../../toolkit/output/counter_deltas.ts";
import type { Report } from "../../toolkit/output/report.ts";
import { chooseHooks } from "../../toolkit/run/choose_hooks.ts";
import { reportDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./tcpcong.bpf.o.ts";
import { histogramShape, type RecordShape, rowShape } from "../../toolkit/records/record_shape.ts";

const AF_INET = 2;
const PORT_MAX = 65535;
const STATES = ["open", "disorder", "cwr", "recovery", "loss"];

/** An option for a port or a range of ports (LOW-HIGH). */
function portRange(short: string, long: string, help: string): Option<readonly number[]> {
  return {
    short,
    long,
    help,
    meta: "PORT[-PORT]",
    initial: [0, PORT_MAX],
    parse(value) {
      const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(value) ?? [];
      const range = [Number(first), Number(last)].sort((a, b) => a - b);
      if (range.every((port) => port <= PORT_MAX)) return range;
      throw new UsageError(
        `expected a port or a range of ports up to ${PORT_MAX}: 80 or 8000-8999`,
      );
    },
  };
}

const options = {
  local: portRange("L", "localport", "trace local ports only"),
  remote: portRange("R", "remoteport", "trace the dest ports only"),
  timestamp: flag({ short: "T", long: "timestamp", help: "include timestamp on output" }),
  dist: flag({ short: "d", long: "dist", help: "show distributions as histograms" }),
  microseconds: flag({ short: "u", long: "microseconds", help: "output in microseconds" }),
  ...familyOptions,
  ...netnsFilter,
  interval: intervalArguments.interval,
  outputs: { ...intervalArguments.count, long: "outputs", meta: "outputs" },
  ...standardOptions,
  duration: longOnly(standardOptions.duration),
} as const;

const Key = struct("key", { flow: Flow, netns: u32, unused: u32 });
const States = struct("states", { ns: array(u64.asNumber, 5), changes: u64.asNumber });
const Slot = struct("slot", { state: u32, slot: u32 });

/** A connection's time in each state, and its changes of state, since the last report. */
interface Row extends Infer<typeof Key> {
  readonly ns: readonly number[];
  readonly changes: number;
}

function columns(values: Values<typeof options>, is4: boolean): Column<Row>[] {
  const [unit, ns] = values.microseconds ? ["us", 1e3] as const : ["ms", 1e6] as const;
  const width = is4 ? 21 : 32;
  const duration = (name: string, state: number, width: number): Column<Row> => ({
    head: `${name}_${unit}`,
    width,
    value: (row) => row.ns[state]! / ns,
    text: (row) => String(Math.floor(row.ns[state]! / ns)),
  });
  const end = (end: "local" | "remote", port: "local_port" | "remote_port", head: string) => ({
    head: is4 ? head : `${head}6`,
    width,
    value: ({ flow }: Row) => `${address(flow, end)}/${flow[port]}`,
  });
  const ends: Column<Row>[] = values.json
    ? [
      { head: "LADDR", value: ({ flow }) => address(flow, "local") },
      { head: "LPORT", value: ({ flow }) => flow.local_port },
      { head: "RADDR", value: ({ flow }) => address(flow, "remote") },
      { head: "RPORT", value: ({ flow }) => flow.remote_port },
      netnsColumn<Row>(),
    ]
    : [end("local", "local_port", "LAddrPort"), end("remote", "remote_port", "RAddrPort")];
  return [
    ...ends,
    duration("Open", 0, 7),
    duration("Dod", 1, 6),
    duration("Rcov", 3, 7),
    duration("Cwr", 2, 7),
    duration("Los", 4, 6),
    { head: "Chgs", width: 5, value: ({ changes }) => changes },
  ];
}

function* rowsOf(bpf: Bpf, deltas: CounterDeltas): Generator<Row> {
  const read = ({ ns: [open, disorder, cwr, recovery, loss], changes }: Infer<typeof States>) => ({
    ...{ open: open!, disorder: disorder!, cwr: cwr!, recovery: recovery!, loss: loss! },
    changes,
  });
  for (const [key, grew] of deltasOf(bpf.map("durations", Key, States), deltas, read)) {
    const { open, disorder, cwr, recovery, loss, changes } = grew;
    yield { ...key, ns: [open, disorder, cwr, recovery, loss], changes };
  }
}

function reporter(values: Values<typeof options>): (bpf: Bpf, report: Report) => void {
  const deltas = new CounterDeltas();
  const valueType = values.microseconds ? "usecs" : "msecs";
  return (bpf, report) => {
    report.line();
    if (values.timestamp) report.line(report.clock);
    if (values.dist) {
      const counts = deltasOf(bpf.map("times", Slot, u64.asNumber), deltas, (count) => ({ count }));
      const entries = Array.from(counts, ([key, { count }]) => [key, count] as const);
      const sections = histogramSections(entries, ({ state, slot }) => [state, slot])
        .sort((a, b) => a.section - b.section);
      const formatSection = (state: number) => STATES[state] ?? String(state);
      const sectionHeader = "tcp_congest_state";
      report.histograms(sections, { valueType, sectionHeader, formatSection });
    } else {
      const rows = [...rowsOf(bpf, deltas)].sort((a, b) => a.flow.local_port - b.flow.local_port);
      for (const is4 of [true, false]) {
        const some = rows.filter(({ flow }) => flow.family === AF_INET === is4);
        if (some.length > 0) report.table(columns(values, is4), some);
      }
    }
    reportDropped(bpf, report, "tcpcong", "changes");
  };
}

const rowsShape = ({ microseconds }: Values<typeof options>): RecordShape =>
  rowShape({
    laddr: "text",
    lport: "id",
    raddr: "text",
    rport: "id",
    netns: "id",
    ...Object.fromEntries(
      ["open", "dod", "rcov", "cwr", "los"].map((name) =>
        [`${name}_${microseconds ? "us" : "ms"}`, "count"] as const
      ),
    ),
    chgs: "count",
  });

const tcpcong = defineTool({
  name: "tcpcong",
  summary: "Summarize how long TCP connections are in each state of congestion control.",
  examples: [
    ["tcpcong", "show how long each connection is in each state"],
    ["tcpcong 1 10", "print 1 second summaries, 10 times"],
    ["tcpcong -L 3000-3006 1", "1 second summaries, local ports 3000 to 3006 only"],
    ["tcpcong -R 5000-5005 1", "1 second summaries, remote ports 5000 to 5005 only"],
    ["tcpcong -uT 1", "1 second summaries, microseconds, and timestamps"],
    ["tcpcong -d", "show the duration of states as histograms"],
  ],
  object,
  options,
  plan(values, machine) {
    return {
      intro: "Tracing tcp congestion control status duration... Hit Ctrl-C to end.",
      interval: values.interval,
      count: values.outputs,
      load: {
        globals: {
          ...flowSettings({ ipv4: values.ipv4, ipv6: values.ipv6 }),
          ...netnsSettings(values),
          unit_ns: values.microseconds ? 1e3 : 1e6,
          as_histogram: values.dist,
          local_range: values.local,
          remote_range: values.remote,
        },
        programs: chooseHooks("congestion control", [
          { hook: "tracepoint:tcp:tcp_cong_state_set", programs: ["set_congestion", "set_state"] },
        ], machine),
      },
      records: [values.dist ? histogramShape({ tcp_congest_state: "text" }) : rowsShape(values)],
      report: reporter(values),
    };
  },
});

export default tcpcong;

if (import.meta.main) await main(tcpcong);
