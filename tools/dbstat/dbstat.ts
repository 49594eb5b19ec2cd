/**
 * dbstat: show how long queries of MySQL, MariaDB and PostgreSQL servers take, as a histogram.
 *
 * USAGE: dbstat [-p PID]… [-m THRESHOLD] [-u] [-i INTERVAL] [-v] [-d SECONDS] [--cgroup PATH]
 *               [--cgroupmap PATH] [--mntnsmap PATH] [--pidns PID] [--json] {mysql,postgres} [PID…]
 *
 *     # dbstat -u mysql
 *     Tracing database queries for all mysql servers slower than 0 ms...
 *     ^C
 *     [22:29:08]
 *          query latency (us)  : count     distribution
 *              0 -> 1          : 0        |                                        |
 *              2 -> 3          : 0        |                                        |
 *              4 -> 7          : 0        |                                        |
 *              8 -> 15         : 0        |                                        |
 *             16 -> 31         : 0        |                                        |
 *             32 -> 63         : 0        |                                        |
 *             64 -> 127        : 2        |**********                              |
 *            128 -> 255        : 7        |***********************************     |
 *            256 -> 511        : 8        |****************************************|
 *            512 -> 1023       : 0        |                                        |
 *           1024 -> 2047       : 1        |*****                                   |
 *           2048 -> 4095       : 2        |**********                              |
 *
 * What is seen, and by which hooks, is told in dbslower's page.
 */

import { type Bpf, histogramSections, struct, u32, u64 } from "../../mod.ts";
import {
  attachQueries,
  describeTargets,
  pidsOf,
  pidsOption,
  queriesObject,
  thresholdNs,
  verboseOption,
} from "../../toolkit/database/queries.ts";
import { requireServer, serverArgument } from "../../toolkit/database/server_argument.ts";
import { SERVERS } from "../../toolkit/database/servers.ts";
import { argumentList, flag, number } from "../../toolkit/options/options.ts";
import {
  containerOptions,
  filterSettings,
  intervalArguments,
  standardOptions,
} from "../../toolkit/options/standard_options.ts";
import { CounterDeltas, deltasOf } from "../../toolkit/output/counter_deltas.ts";
import type { Report } from "../../toolkit/output/report.ts";
import { reportDropped } from "../../toolkit/run/losses.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool } from "../../toolkit/run/tool.ts";
import { histogramShape } from "../../toolkit/records/record_shape.ts";

const { positional: _, ...interval } = intervalArguments.interval;

const options = {
  pids: pidsOption,
  threshold: number({
    short: "m",
    long: "threshold",
    meta: "THRESHOLD",
    help: "trace queries slower than this threshold (ms)",
    what: "a time in milliseconds",
    min: 0,
    max: 2147483647,
    fraction: true,
  }),
  microseconds: flag({
    short: "u",
    long: "microseconds",
    help: "display query latencies in microseconds (default: milliseconds)",
  }),
  interval: {
    ...interval,
    short: "i",
    meta: "INTERVAL",
    help: "print summary at this interval (seconds)",
  },
  verbose: verboseOption,
  ...containerOptions,
  ...standardOptions,
  db: serverArgument,
  more: argumentList({ long: "pid", help: "more pids to trace" }),
} as const;

const Key = struct("key", { id: u32, slot: u32 });

/** Returns the function that prints the counts since its last call. */
function reporter(unit: string): (bpf: Bpf, report: Report) => void {
  const deltas = new CounterDeltas();
  return (bpf, report) => {
    const entries = [
      ...deltasOf(bpf.map("times", Key, u64.asNumber), deltas, (count) => ({ count })),
    ]
      .map(([key, { count }]) => [key, count] as const);
    const [section] = histogramSections(entries, ({ id, slot }) => [id, slot]);
    report.line(`[${report.clock}]`);
    report.histogram(section?.counts ?? [], { valueType: `query latency (${unit})` });
    report.line();
    reportDropped(bpf, report, "dbstat", "queries");
  };
}

const dbstat = defineTool({
  name: "dbstat",
  summary: "Show how long MySQL, MariaDB and PostgreSQL queries take, as a histogram.",
  examples: [
    ["dbstat postgres", "display a histogram of PostgreSQL query latencies"],
    ["dbstat mysql -u", "display query latencies in microseconds (default: ms)"],
    ["dbstat mysql -m 5", "trace only queries slower than 5ms"],
    ["dbstat mysql -p 408", "trace queries in a specific process"],
  ],
  object: queriesObject,
  options,
  sample: false, // there may be no server
  permissions: "all", // it looks for servers in /proc
  plan(values) {
    const { threshold = 0, microseconds, interval, pidns, verbose } = values;
    const server = SERVERS[requireServer(values.db)];
    const pids = pidsOf([...values.pids, ...values.more]);
    const [unit, ns] = microseconds ? ["us", 1e3] as const : ["ms", 1e6] as const;
    return {
      intro: `Tracing database queries for ${describeTargets(server, pids)} slower than ` +
        `${threshold} ms...`,
      interval,
      load: filterSettings(values, {
        min_ns: thresholdNs(threshold),
        by_pid: pids.length > 0,
        summing: true,
        unit_ns: ns,
      }),
      attach: (bpf) =>
        Promise.resolve(attachQueries(bpf, { tool: "dbstat", server, pids, pidns, verbose })),
      records: [histogramShape()],
      report: reporter(unit),
    };
  },
});

export default dbstat;

if (import.meta.main) await main(dbstat);
