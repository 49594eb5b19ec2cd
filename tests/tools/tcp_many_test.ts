/** Ten thousand connections, as the tools that follow connections tell them at the same time. */

import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { test } from "node:test";
import { TCP_EVENTS, untilNoneHidden } from "../support/hidden_events.ts";
import { requires } from "../support/requires.ts";
import { TcpWorkload } from "../support/tcp.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";

type Row = Readonly<Record<string, unknown>>;

const COUNT = 10_000;
const NAME =
  "tcplife, tcpstates, tcptracer and tcpconnlat together tell 10,000 connections exactly";

/** How often rows have these values. */
function counts(rows: readonly Row[], ...keys: readonly string[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const row of rows) {
    const name = keys.map((key) => row[key]).join(" ");
    found[name] = (found[name] ?? 0) + 1;
  }
  return found;
}

test(NAME, { skip: requires(NAME, "speed") }, () =>
  untilNoneHidden(TCP_EVENTS, async (watch) => {
    await using workload = await TcpWorkload.start(`exchange=4:${COUNT}:1:1:client`);
    await using tools = new AsyncDisposableStack();
    const { client, server } = workload;
    const netns = statSync(`/proc/${client}/ns/net`).ino;
    // Room for all events: how fast they are read on a busy machine must not matter.
    const names = ["tcplife", "tcpstates", "tcptracer", "tcpconnlat"];
    const running = await Promise.all(
      names.map(async (name) => tools.use(await startTool(name, "--json", "-b", "16384"))),
    );
    watch();
    await workload.go();
    const results = await Promise.all(running.map(stopTool));
    const [lives, states, traced, latencies] = results.map((result) => {
      const rows = rowsOf<Row>(result);
      assert.deepEqual(rows.filter(({ record }) => record), [], "nothing is lost");
      const isOurs = ({ netns: inode, pid }: Row) =>
        inode === undefined ? pid === client || pid === server : inode === netns;
      return rows.filter(isOurs);
    });
    assert.deepEqual(counts(lives!, "pid"), { [client]: COUNT, [server]: COUNT });
    assert.deepEqual(counts(latencies!, "pid", "refused"), { [`${client} false`]: COUNT });
    assert.deepEqual(counts(traced!, "type", "pid"), {
      [`connect ${client}`]: COUNT,
      [`accept ${server}`]: COUNT,
      [`close ${client}`]: COUNT,
      [`close ${server}`]: COUNT,
    });
    assert.deepEqual(counts(states!, "oldstate", "newstate"), {
      "CLOSE SYN_SENT": COUNT,
      "SYN_SENT ESTABLISHED": COUNT,
      "LISTEN SYN_RECV": COUNT,
      "SYN_RECV ESTABLISHED": COUNT,
      "ESTABLISHED FIN_WAIT1": COUNT,
      "ESTABLISHED CLOSE_WAIT": COUNT,
      "CLOSE_WAIT LAST_ACK": COUNT,
      "FIN_WAIT1 FIN_WAIT2": COUNT,
      "FIN_WAIT2 CLOSE": COUNT,
      "LAST_ACK CLOSE": COUNT,
      "LISTEN CLOSE": 1,
    });
  }));
