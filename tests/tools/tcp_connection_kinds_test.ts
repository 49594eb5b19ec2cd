/**
 * Connections that began before the tool, are passed to another process, share a port or begin with data, in all
 * TCP tools.
 */

import assert from "node:assert/strict";
import { test } from "node:test";
import { TCP_EVENTS, untilNoneHidden } from "../support/hidden_events.ts";
import { requires } from "../support/requires.ts";
import { TcpWorkload } from "../support/tcp.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";

type Row = Readonly<Record<string, unknown>>;

const NAME =
  "tools for TCP tell connections that were there before, are passed on, share a port, " +
  "begin with data, or are MPTCP's";

/** Counts rows by kind of connection, which the server's port tells, and by the values of some keys. */
function told(rows: readonly Row[], kinds: ReadonlyMap<unknown, string>, keys: readonly string[]) {
  const found: Record<string, number> = {};
  for (const row of rows) {
    const kind = [row.lport, row.rport, row.sport, row.dport].map((port) => kinds.get(port))
      .find(Boolean);
    const name = [kind, ...keys.map((key) => row[key])].join(" ");
    found[name] = (found[name] ?? 0) + 1;
  }
  return Object.entries(found).map(([name, count]) => `${name}: ${count}`).toSorted();
}

/** The number of connections of each kind, in the order of the steps. */
const COUNTS = { before: 3, passed: 5, shared: 11, fast: 7, mptcp: 2 };
type Kind = keyof typeof COUNTS;
const ALL = Object.keys(COUNTS) as Kind[];

/** The expected lines for some kinds. */
const lines = (kinds: readonly Kind[], ...texts: readonly string[]) =>
  kinds.flatMap((kind) => texts.map((text) => `${kind} ${text}: ${COUNTS[kind]}`));

/** MADE: kinds whose beginning tools can see. KEPT: those of them whose server keeps the accepted socket. */
const MADE = ALL.filter((kind) => kind !== "before");
const KEPT = MADE.filter((kind) => kind !== "passed");
/** Kinds in which no kernel thread takes part. */
const PLAIN = ALL.filter((kind) => kind !== "mptcp");
const STATES = {
  begin: [
    ...["CLOSE SYN_SENT", "SYN_SENT ESTABLISHED", "LISTEN SYN_RECV", "SYN_RECV ESTABLISHED"],
  ],
  end: [
    ...["ESTABLISHED FIN_WAIT1", "FIN_WAIT1 FIN_WAIT2", "FIN_WAIT2 CLOSE"],
    ...["ESTABLISHED CLOSE_WAIT", "CLOSE_WAIT LAST_ACK", "LAST_ACK CLOSE"],
  ],
};

const [CLIENT, SERVER, HEIR] = ["tcp-client", "tcp-server", "tcp-heir"];
const EXPECTED: Readonly<Record<string, readonly string[]>> = {
  // For an accepted connection tcplife shows the process that closed it.
  tcplife: [...lines(MADE, CLIENT!), ...lines(KEPT, SERVER!), ...lines(["passed"], HEIR!)],
  // Without MPTCP connections that kernel threads close: those rows are left out below.
  tcptracer: [
    ...lines(MADE, `connect ${CLIENT}`, `accept ${SERVER}`),
    ...lines(PLAIN, `close ${CLIENT}`),
    ...lines(["before", "shared", "fast"], `close ${SERVER}`),
    ...lines(["passed"], `close ${HEIR}`),
  ],
  tcpconnlat: lines(MADE, CLIENT!),
  tcpconnect: lines(MADE, CLIENT!),
  tcpaccept: lines(MADE, SERVER!),
  // Without data that arrives with the handshake, and without MPTCP.
  tcppktlat: [
    ...lines(PLAIN, CLIENT!),
    ...lines(["before", "shared"], SERVER!),
    ...lines(["passed"], HEIR!),
  ],
  tcptop: [
    ...lines(ALL, `${CLIENT} 1 1`),
    ...lines(["before", "shared", "fast", "mptcp"], `${SERVER} 1 1`),
    ...lines(["passed"], `${HEIR} 1 1`),
  ],
  // Without MPTCP, whose state changes depend on the timing of kernel threads.
  tcpstates: [
    ...lines(PLAIN, ...STATES.end),
    ...lines(["passed", "shared", "fast"], ...STATES.begin),
    ...["before", "passed", "fast"].map((kind) => `${kind} LISTEN CLOSE: 1`),
    "shared LISTEN CLOSE: 2",
  ],
};
const KEYS: Readonly<Record<string, readonly string[]>> = {
  tcptracer: ["type", "comm"],
  tcptop: ["comm", "tx_bytes", "rx_bytes"],
  tcpstates: ["oldstate", "newstate"],
};

const total = (counts: readonly number[]) => counts.reduce((sum, count) => sum + count, 0);

/** Tools that print sums, not connections: one byte in each direction of each, and empty queues. */
const SUMS = {
  tcpsubnet: {
    args: ["-i", "600", "127.0.0.0/8,::1/128"],
    told: ({ subnet, send }: Row) => subnet && `${subnet} ${send}`,
    expected: [
      `127.0.0.0/8 ${
        2 * total(ALL.filter((kind) => kind !== "shared").map((kind) => COUNTS[kind]))
      }`,
      `::1/128 ${2 * COUNTS.shared}`,
    ],
  },
  tcpsynbl: {
    args: [],
    told: ({ backlog_max, buckets }: Row) =>
      buckets && `${backlog_max}: ${(buckets as { count: number }[]).map(({ count }) => count)}`,
    expected: [`8: ${total(MADE.map((kind) => COUNTS[kind]))}`],
  },
};

const bytesOf = (kb: unknown) => Number(kb) * 1024;

test(NAME, { skip: requires(NAME, "speed") }, () =>
  untilNoneHidden(TCP_EVENTS, async (watch) => {
    const { before, passed, shared, fast, mptcp } = COUNTS;
    await using workload = await TcpWorkload.start(
      ...[`before=4:${before}`, `passed=4:${passed}`, `shared=6:${shared}`, `fast=4:${fast}`],
      `exchange=p:${mptcp}:1:1:client`,
    );
    await using tools = new AsyncDisposableStack();
    const { client, server, netns } = workload;
    const kinds = new Map<unknown, string>(ALL.map((kind, i) => [workload.ports[i], kind]));
    const names = Object.keys(EXPECTED);
    const running = await Promise.all(
      names.map(async (name) =>
        tools.use(await startTool(name, "--json", ...name === "tcptop" ? ["600"] : []))
      ),
    );
    const summing = await Promise.all(
      Object.entries(SUMS).map(async ([name, { args, told, expected }]) => {
        const own = ["--json", "--netns", String(netns), ...args];
        return { name, told, expected, running: tools.use(await startTool(name, ...own)) };
      }),
    );
    watch();
    await workload.go();
    const results = await Promise.all(running.map(stopTool));
    for (const { name, told, expected, running } of summing) {
      const found = rowsOf<Row>(await stopTool(running)).map(told).filter(Boolean);
      assert.deepEqual(found.toSorted(), expected, name);
    }
    for (const [i, name] of names.entries()) {
      // Other tests may run processes of these names in other network namespaces.
      const isOurs = ({ netns: inode, pid, comm, lport }: Row) =>
        inode === undefined
          ? pid === client || pid === server || comm === HEIR && kinds.has(lport)
          : inode === netns;
      const rows = rowsOf<Row>(results[i]!).filter(isOurs)
        .map((row) => ({ ...row, tx_bytes: bytesOf(row.tx_kb), rx_bytes: bytesOf(row.rx_kb) }));
      const found = told(rows, kinds, KEYS[name] ?? ["comm"]).filter((line) =>
        !line.startsWith("mptcp close") && !(name === "tcpstates" && line.startsWith("mptcp"))
      );
      assert.deepEqual(found, [...EXPECTED[name]!].toSorted(), name);
    }
  }));
