/**
 * dbslower: trace queries of MySQL, MariaDB and PostgreSQL servers that are slower than a threshold.
 *
 * USAGE: dbslower [-p PID]… [-x PATH] [-m THRESHOLD] [-v] [-d SECONDS] [-b PAGES] [--container]
 *                 [--cgroup PATH] [--cgroupmap PATH] [--mntnsmap PATH] [--pidns PID] [--json]
 *                 {mysql,postgres} [PID…]
 *
 *     # dbslower mysql
 *     Tracing database queries for all mysql servers slower than 1 ms...
 *     TIME(s)        PID           MS QUERY
 *     0.000000       25924      5.793 select 1 as one
 *     0.021723       25924     52.507 select sleep(0.05)
 *     0.074974       25924      3.465 select count(*) from information_schema.columns
 *     0.106918       25924   1417.670 select benchmark(300000, md5('x'))
 *
 * TIME is the seconds from the first query that is shown. A threshold of 0 shows all queries. A server's
 * clients are traced wherever they are, those that come later as well; -p takes several processes, and with
 * each its children (PostgreSQL has one for each client).
 *
 * Hooks: USDT probes query__start and query__done where the server has them: PostgreSQL as Debian builds
 * it, MySQL up to 5.7 built with them. In other MySQLs, and in MariaDB, uprobes at entry and return of
 * dispatch_command(), found by a pattern among the symbols of the server's file, for commands of kind
 * COM_QUERY. Not seen: prepared statements (COM_STMT_EXECUTE; in PostgreSQL the extended protocol, which
 * most drivers use), and servers without symbols. Tests run MariaDB 10.11 and PostgreSQL 15. MySQL itself was
 * tried once by hand, 9.7 of Debian's unstable in a root directory of its own: dbslower, dbstat and mysqld_qslower
 * told of all 30 queries that a client made.
 */

import {
  attachQueries,
  describeTargets,
  pidsOf,
  pidsOption,
  queriesObject,
  Query,
  queryColumns,
  thresholdNs,
  verboseOption,
} from "../../toolkit/database/queries.ts";
import { SERVERS } from "../../toolkit/database/servers.ts";
import { requireServer, serverArgument } from "../../toolkit/database/server_argument.ts";
import { argumentList, number, text } from "../../toolkit/options/options.ts";
import {
  containerOptions,
  eventOptions,
  filterSettings,
} from "../../toolkit/options/standard_options.ts";
import { main } from "../../toolkit/run/main.ts";
import { defineTool, eventPlan } from "../../toolkit/run/tool.ts";

const THRESHOLD_MS = 1;

const options = {
  pids: pidsOption,
  path: text({ short: "x", long: "exe", meta: "PATH", help: "path to the server's executable" }),
  threshold: number({
    short: "m",
    long: "threshold",
    meta: "THRESHOLD",
    help: `trace queries slower than this threshold (ms, default ${THRESHOLD_MS}; 0: all)`,
    what: "a time in milliseconds",
    min: 0,
    max: 2147483647,
    fraction: true,
  }),
  verbose: verboseOption,
  ...containerOptions,
  ...eventOptions,
  db: serverArgument,
  more: argumentList({ long: "pid", help: "more pids to trace" }),
} as const;

const dbslower = defineTool({
  name: "dbslower",
  summary: "Trace MySQL, MariaDB and PostgreSQL queries slower than a threshold.",
  examples: [
    ["dbslower postgres", "trace PostgreSQL queries slower than 1ms"],
    ["dbslower postgres -p 188 322", "trace specific PostgreSQL processes"],
    ["dbslower mysql -p 480 -m 30", "trace MySQL queries slower than 30ms"],
    ["dbslower mysql -x /usr/sbin/mariadbd", "trace all servers of that file"],
  ],
  object: queriesObject,
  options,
  sample: false, // there may be no server
  permissions: "all", // it looks for servers in /proc
  plan(values) {
    const { path, threshold = THRESHOLD_MS, pidns, verbose, json } = values;
    const server = SERVERS[requireServer(values.db)];
    const pids = pidsOf([...values.pids, ...values.more]);
    return eventPlan(Query, {
      intro: `Tracing database queries for ${describeTargets(server, pids, path)} slower than ` +
        `${threshold} ms...`,
      load: filterSettings(values, { min_ns: thresholdNs(threshold), by_pid: pids.length > 0 }),
      attach: (bpf) =>
        Promise.resolve(
          attachQueries(bpf, { tool: "dbslower", server, pids, pidns, path, verbose }),
        ),
      span: ({ time, duration_ns: duration }) => ({ start: time, duration, name: "query" }),
      columns: queryColumns(json),
    });
  },
});

export default dbslower;

if (import.meta.main) await main(dbslower);
