/**
 * tcpsynbl: how full the queues of connections that wait to be accepted are, as a histogram.
 *
 * USAGE: tcpsynbl [-4 | -6] [--netns INODE] [-d SECONDS] [--json] [interval] [count]
 *
 *     # tcpsynbl
 *     Tracing SYN backlog size. Ctrl-C to end.
 *     ^C
 *     backlog_max = 128
 *          backlog             : count     distribution
 *              0 -> 1          : 2        |**********                              |
 *              2 -> 3          : 2        |**********                              |
 *              4 -> 7          : 4        |********************                    |
 *              8 -> 15         : 8        |****************************************|
 *             16 -> 31         : 7        |***********************************     |
 *
 * Each connection that finishes its handshake counts once, by the length of its listening socket's
 * queue right before it joins it; one histogram per backlog, as listen() and net.core.somaxconn make
 * it. Numbers that come near the backlog mean a program that does not accept as fast as it is asked.
 *
 * Hooks: fentry of tcp_v4_syn_recv_sock and tcp_v6_syn_recv_sock; without it raw tracepoint
 * inet_sock_set_state, where the new socket is a copy of the listening one. Then connections that find
 * the queue full are not counted: tcpdrop shows them, with reason TCP_LISTEN_OVERFLOW. It happens in
 * interrupts, so there is no filter by process or container.
 */

import { type Bpf, histogramSections, struct, u32, u64 } from "../../mod.ts";
import { familyOptions, flowSettings } from "../../toolkit/net/flow.ts";
import { netnsFilter, netnsSettings } from "../../toolkit/net/netns.ts";
import { intervalArguments, standardOptions } from "../../toolkit/options/standard_options.ts";
import { CounterDeltas, deltasOf } from "../../toolkit/output/counter_deltas.ts";
import type { Report } from "../../toolkit/output/report.ts";
import { chooseHooks } from "../../toolkit/run/choose_hooks.ts";
import { reportDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import object from "./tcpsynbl.bpf.o.ts";
import { histogramShape } from "../../toolkit/records/record_shape.ts";

const options = {
  ...familyOptions,
  ...netnsFilter,
  ...intervalArguments,
  ...standardOptions,
} as const;

const Key = struct("key", { most: u32, slot: u32 });

function reporter(): (bpf: Bpf, report: Report) => void {
  const deltas = new CounterDeltas();
  return (bpf, report) => {
    const counts = deltasOf(bpf.map("backlogs", Key, u64.asNumber), deltas, (count) => ({ count }));
    const entries = Array.from(counts, ([key, { count }]) => [key, count] as const);
    const sections = histogramSections(entries, ({ most, slot }) => [most, slot])
      .sort((a, b) => a.section - b.section);
    report.line();
    report.histograms(sections, {
      valueType: "backlog",
      sectionHeader: "backlog_max",
      members: (most) => ({ backlog_max: most }),
    });
    reportDropped(bpf, report, "tcpsynbl", "connections");
  };
}

const tcpsynbl = defineTool({
  name: "tcpsynbl",
  summary: "Show the TCP SYN backlog: how many connections wait to be accepted.",
  examples: [
    ["tcpsynbl", "trace the backlog, one report at the end"],
    ["tcpsynbl -4", "trace IPv4 family only"],
    ["tcpsynbl -6", "trace IPv6 family only"],
    ["tcpsynbl 1 10", "print 1 second summaries, 10 times"],
  ],
  object,
  options,
  plan(values, machine) {
    return {
      intro: "Tracing SYN backlog size. Ctrl-C to end.",
      interval: values.interval,
      count: values.count,
      load: {
        globals: { ...flowSettings(values), ...netnsSettings(values) },
        programs: chooseHooks("the backlog of listening sockets", [
          {
            hook: "fentry:tcp_v4_syn_recv_sock",
            also: ["fentry:tcp_v6_syn_recv_sock"],
            programs: ["v4_syn_recv", "v6_syn_recv"],
          },
          { hook: "tracepoint:sock:inet_sock_set_state", programs: ["set_state"] },
        ], machine),
      },
      records: [histogramShape({ backlog_max: "id" })],
      report: reporter(),
    };
  },
});

export default tcpsynbl;

if (import.meta.main) await main(tcpsynbl);
