/**
 * mysqld_qslower: trace queries of a MySQL or MariaDB server that are slower than a threshold.
 *
 * USAGE: mysqld_qslower [-v] [-d SECONDS] [-b PAGES] [--json] PID [min_ms]
 *
 *     # mysqld_qslower 18881 0
 *     Tracing MySQL server queries for PID 18881 slower than 0 ms...
 *     TIME(s)        PID           MS QUERY
 *     0.000000       18881      1.540 select 1 as one
 *     0.001599       18881     52.092 select sleep(0.05)
 *     0.053740       18881   4733.899 select benchmark(3000000, md5('x'))
 *
 * TIME is the seconds from the first query that is shown. A min_ms of 0 shows all queries. This is dbslower
 * for one server of this kind: see there for what is seen and by which hooks.
 */

import {
  attachQueries,
  queriesObject,
  Query,
  queryColumns,
  thresholdNs,
  verboseOption,
} from "../../toolkit/database/queries.ts";
import { SERVERS } from "../../toolkit/database/servers.ts";
import { argument, number, UsageError } from "../../toolkit/options/options.ts";
import {
  eventOptions,
  filterOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";

const THRESHOLD_MS = 1;

const options = {
  verbose: verboseOption,
  ...eventOptions,
  pid: argument({ ...filterOptions.pid, help: "the server's process" }),
  threshold: argument(number({
    long: "min_ms",
    meta: "min_ms",
    help: `show queries slower than this (ms, default ${THRESHOLD_MS}; 0: all)`,
    what: "a time in milliseconds",
    min: 0,
    max: 2147483647,
    fraction: true,
  })),
} as const;

const mysqld_qslower = defineTool({
  name: "mysqld_qslower",
  summary: "Trace queries of a MySQL or MariaDB server slower than a threshold.",
  examples: [
    ["mysqld_qslower 23800", "trace queries slower than 1 ms of server 23800"],
    ["mysqld_qslower 23800 10", "those slower than 10 ms"],
    ["mysqld_qslower 23800 0", "all queries"],
  ],
  object: queriesObject,
  options,
  sample: false, // there may be no server
  permissions: "all", // it looks into /proc of the server
  plan(values) {
    const { pid, threshold = THRESHOLD_MS, verbose, json } = values;
    if (pid === undefined) throw new UsageError("expected the pid of a server");
    return eventPlan(Query, {
      intro: `Tracing MySQL server queries for PID ${pid} slower than ${threshold} ms...`,
      load: filterSettings({ pid }, { min_ns: thresholdNs(threshold) }),
      attach: (bpf) =>
        Promise.resolve(attachQueries(bpf, {
          tool: "mysqld_qslower",
          server: SERVERS.mysql,
          pids: [pid],
          verbose,
        })),
      span: ({ time, duration_ns: duration }) => ({ start: time, duration, name: "query" }),
      columns: queryColumns(json),
    });
  },
});

export default mysqld_qslower;

if (import.meta.main) await main(mysqld_qslower);
