/**
 * TCP tools with --pidns: pids are those of that namespace, and connections of other processes are
 * hidden.
 */

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { buildProgram } from "../support/build.ts";
import { TCP_EVENTS, untilNoneHidden } from "../support/hidden_events.ts";
import { Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import { TcpWorkload } from "../support/tcp.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";

type Row = Readonly<Record<string, unknown>>;

const NAME = "tools for TCP --pidns show pids as that namespace sees them, and hide others";
const COUNT = 7;
const STEP = `exchange=4:${COUNT}:3:2:client`;

/**
 * By tool: the expected rows, reduced to columns that the pid namespace affects, with their counts.
 */
const expected = (
  client: string,
  server: string,
): Readonly<Record<string, Record<string, number>>> => ({
  tcpconnect: { [client]: COUNT },
  tcpconnlat: { [client]: COUNT },
  tcpaccept: { [server]: COUNT },
  tcplife: { [client]: COUNT, [server]: COUNT },
  tcppktlat: { [client]: COUNT, [server]: COUNT },
  tcptracer: {
    [`connect ${client}`]: COUNT,
    [`accept ${server}`]: COUNT,
    [`close ${client}`]: COUNT,
    [`close ${server}`]: COUNT,
  },
  tcptop: { [`${client} 3 2`]: COUNT, [`${server} 2 3`]: COUNT },
  tcpsubnet: { [`127.0.0.0/8 ${COUNT * (3 + 2)}`]: 1 },
});
const ARGS: Readonly<Record<string, readonly string[]>> = {
  tcptop: ["600"],
  tcpsubnet: ["-i", "600", "127.0.0.0/8"],
};

/** Counts rows that have the same values. */
function counted(rows: readonly Row[]): Record<string, number> {
  const found: Record<string, number> = {};
  for (const { type, pid, tx_kb, rx_kb, ms, subnet, send } of rows) {
    // Without the bytes of tcplife's rows (those with a duration): SYN and FIN may count as a byte
    // each.
    const bytes = tx_kb === undefined || ms !== undefined ? [] : [tx_kb, rx_kb];
    const parts = [type, pid, ...bytes.map((kb) => Number(kb) * 1024), subnet, send];
    const name = parts.filter((part) => part !== undefined).join(" ");
    found[name] = (found[name] ?? 0) + 1;
  }
  return found;
}

test(NAME, { skip: requires(NAME, "speed") }, () =>
  untilNoneHidden(TCP_EVENTS, async (watch) => {
    const script = 'ip link set lo up; exec "$@"';
    const namespaces = ["unshare", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", script];
    await using inside = Running.start([...namespaces, "sh", buildProgram("tcp.c"), STEP]);
    const [, client, server] = await inside.find(
      "stdout",
      /^client (\d)\nserver (\d)\n[^]*^ready$/m,
    );
    await using outside = await TcpWorkload.start(STEP);
    const first = readFileSync(`/proc/${inside.pid}/task/${inside.pid}/children`, "utf8").trim();
    await using tools = new AsyncDisposableStack();
    const all = expected(client!, server!);
    const names = Object.keys(all);
    const running = await Promise.all(
      names.map(async (name) =>
        tools.use(await startTool(name, "--json", "--pidns", first, ...ARGS[name] ?? []))
      ),
    );
    watch();
    inside.send();
    await outside.go();
    assert.equal((await inside.result).status, 0);
    const results = await Promise.all(running.map(stopTool));
    for (const [i, name] of names.entries()) {
      assert.deepEqual(counted(rowsOf<Row>(results[i]!)), all[name], name);
    }
  }));
