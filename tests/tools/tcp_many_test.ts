/**
 * 1,000 connections, or 10,000 with --full, between two network namespaces, traced by several tools at the same time.
 */

import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { test } from "node:test";
import { TCP_EVENTS, untilNoneHidden } from "../support/hidden_events.ts";
import { requires } from "../support/requires.ts";
import { TcpWorkload } from "../support/tcp.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";

type Row = Readonly<Record<string, unknown>>;

const COUNT = process.env.TSBCC_TEST_FULL ? 10_000 : 1000;
const [UP, DOWN] = [13, 7];
const NAME = `tcplife, tcpstates, tcptracer and tcpconnlat together tell ${COUNT} connections ` +
  "between two network namespaces exactly, tcptop and tcpsubnet their bytes";

/** Counts rows by the values of some keys. */
function counts(rows: readonly Row[], ...keys: readonly string[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const row of rows) {
    const name = keys.map((key) => row[key]).join(" ");
    found[name] = (found[name] ?? 0) + 1;
  }
  return found;
}

/** The sum of a key over rows. */
const sum = (rows: readonly Row[], key: string): number =>
  rows.reduce((total, row) => total + Number(row[key]), 0);

test(NAME, { skip: requires(NAME, "speed") }, () =>
  untilNoneHidden(TCP_EVENTS, async (watch) => {
    const exchange = (family: string, count: number) =>
      `exchange=${family}:${count}:${UP}:${DOWN}:client`;
    await using workload = await TcpWorkload.start(
      "peer=/run/netns/peer",
      exchange("v", COUNT * 0.9),
      exchange("w", COUNT * 0.1),
    );
    await using tools = new AsyncDisposableStack();
    const { client, server, netns: near } = workload;
    const far = statSync(`/proc/${server}/ns/net`).ino;
    assert.notEqual(near, far);
    // Buffers with room for all events, because a busy machine may read them slowly.
    const room = ["-b", "16384"];
    const calls = [
      ...["tcplife", "tcpstates", "tcptracer", "tcpconnlat"].map((name) => [name, ...room]),
      ["tcptop", "600"],
      ["tcpsubnet", "-i", "600", "203.0.113.2/32,203.0.113.1/32,2001:db8:2::/64"],
    ];
    const running = await Promise.all(
      calls.map(async ([name, ...args]) => tools.use(await startTool(name!, "--json", ...args))),
    );
    watch();
    await workload.go();
    const results = await Promise.all(running.map(stopTool));
    const [lives, states, traced, latencies, bytes, subnets] = results.map((result) => {
      const rows = rowsOf<Row>(result);
      assert.deepEqual(rows.filter(({ record }) => record), [], "nothing is dropped");
      const isOurs = ({ netns, pid }: Row) =>
        netns === undefined
          ? pid === undefined || pid === client || pid === server
          : netns === near || netns === far;
      return rows.filter(isOurs);
    });
    assert.deepEqual(counts(lives!, "pid", "netns"), {
      [`${client} ${near}`]: COUNT,
      [`${server} ${far}`]: COUNT,
    });
    assert.deepEqual(counts(latencies!, "pid", "netns", "refused"), {
      [`${client} ${near} false`]: COUNT,
    });
    assert.deepEqual(counts(traced!, "type", "pid", "netns"), {
      [`connect ${client} ${near}`]: COUNT,
      [`accept ${server} ${far}`]: COUNT,
      [`close ${client} ${near}`]: COUNT,
      [`close ${server} ${far}`]: COUNT,
    });
    const statesOf = (netns: unknown, ...changes: readonly string[]) =>
      changes.map((change) => [`${netns} ${change}`, COUNT]);
    const [first, second] = [
      "ESTABLISHED FIN_WAIT1,FIN_WAIT1 FIN_WAIT2,FIN_WAIT2 CLOSE",
      "ESTABLISHED CLOSE_WAIT,CLOSE_WAIT LAST_ACK,LAST_ACK CLOSE",
    ]
      .map((text) => text.split(","));
    assert.deepEqual(
      counts(states!, "netns", "oldstate", "newstate"),
      Object.fromEntries([
        ...statesOf(near, "CLOSE SYN_SENT", "SYN_SENT ESTABLISHED", ...first!),
        ...statesOf(far, "LISTEN SYN_RECV", "SYN_RECV ESTABLISHED", ...second!),
        [`${far} LISTEN CLOSE`, 2],
      ]),
    );
    for (const [pid, sent, received] of [[client, UP, DOWN], [server, DOWN, UP]]) {
      const own = bytes!.filter((row) => row.pid === pid);
      assert.equal(own.length, COUNT);
      assert.equal(sum(own, "tx_kb") * 1024, COUNT * sent!);
      assert.equal(sum(own, "rx_kb") * 1024, COUNT * received!);
    }
    assert.deepEqual(subnets!.map(({ subnet, send }) => [subnet, send]), [
      ["203.0.113.2/32", COUNT * 0.9 * UP],
      ["203.0.113.1/32", COUNT * 0.9 * DOWN],
      ["2001:db8:2::/64", COUNT * 0.1 * (UP + DOWN)],
    ]);
  }));
