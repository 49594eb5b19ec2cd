import assert from "node:assert/strict";
import { test } from "node:test";
import { TestCgroup } from "../support/cgroup.ts";
import { TCP_EVENTS, untilNoneHidden } from "../support/hidden_events.ts";
import { PinnedSet } from "../support/pinned_set.ts";
import { requires } from "../support/requires.ts";
import { type Connection, loopback, recordTcp, recordTcpRuns } from "../support/tcp.ts";
import { rowsOf, runTool } from "../support/tool.ts";

interface Row {
  time: string;
  pid: number;
  ip: 4 | 6;
  type: "R" | "L";
  laddr: string;
  lport: number;
  raddr: string;
  rport: number;
  state: string;
  seq: number;
}

const FAR = { "4": "198.51.100.1", "6": "2001:db8:1::1", m: "::ffff:198.51.100.1" };
const NEAR = { "4": "192.0.2.2", "6": "2001:db8::2", m: "::ffff:192.0.2.2" };

/**
 * The addresses of a connection's row: SYN retransmits go to a remote network, data stays on
 * loopback.
 */
function flowOf({ family, port, serverPort }: Connection) {
  const isFar = serverPort >= 10000 && serverPort < 10100;
  const [laddr, raddr] = isFar ? [NEAR[family], FAR[family]] : [loopback(family), loopback(family)];
  return `${laddr} ${port} ${raddr} ${serverPort}`;
}

const isOf = (connection: Connection) => ({ laddr, lport, raddr, rport }: Row): boolean =>
  flowOf(connection) === `${laddr} ${lport} ${raddr} ${rport}`;

const STEPS = [
  ...["unanswered=4:11", "unanswered=6:7", "unanswered=m:5"],
  ...["lossy=4:2", "lossy=6:1", "lossy=m:1"],
];

test("tcpretrans reports each segment that is sent again, as often as the kernel says", async () => {
  await untilNoneHidden(TCP_EVENTS, async (watch) => {
    watch();
    const runs = await recordTcpRuns(
      "tcpretrans",
      () => [["--json", "-s"], ["--json", "-4"], ["--json", "-6", "-c"]],
      STEPS,
    );
    const { connections } = runs[0]!;
    const [all, ipv4, counts] = runs.map(({ result }) => rowsOf<Row>(result));
    assert.equal(connections.length, 27);
    for (const [i, connection] of connections.entries()) {
      const rows = all!.filter(isOf(connection));
      const { family, retransmits } = connection;
      assert.ok(retransmits > 0);
      assert.equal(rows.length, retransmits, flowOf(connection));
      assert.ok(rows.every(({ ip, type }) => ip === (family === "4" ? 4 : 6) && type === "R"));
      assert.ok(rows.every(({ state }) => state === (i < 23 ? "SYN_SENT" : "ESTABLISHED")));
      // Always the same segment is retransmitted.
      assert.equal(new Set(rows.map(({ seq }) => seq)).size, 1);
      assert.equal(ipv4!.filter(isOf(connection)).length, family === "4" ? retransmits : 0);
      assert.deepEqual(
        counts!.filter(isOf(connection)).map((row) => ({ ...row, time: "" })),
        family === "4" ? [] : [{ ...countOf(connection), time: "" }],
      );
    }
  });
});

function countOf(connection: Connection) {
  const [laddr, lport, raddr, rport] = flowOf(connection).split(" ");
  return {
    laddr,
    lport: Number(lport),
    raddr,
    rport: Number(rport),
    retransmits: connection.retransmits,
  };
}

test("tcpretrans --cgroup and --cgroupmap go by the socket's cgroup", async () => {
  const id = "0123456789abcdef".repeat(4);
  using cgroup = new TestCgroup("tcpretrans");
  using below = new TestCgroup(`docker-${id}.scope`, cgroup);
  using other = new TestCgroup("tcpretrans-other");
  using pin = new PinnedSet("tcpretrans", 8, below.id);
  using otherPin = new PinnedSet("tcpretrans-other", 8, cgroup.id, other.id);
  const runs = await recordTcpRuns("tcpretrans", ({ client }) => {
    below.add(client); // before the client makes its sockets
    return [
      ["--json", "--container", "--cgroup", cgroup.path, "--cgroupmap", pin.path],
      ["--json", "--cgroup", other.path],
      ["--json", "-c", "--cgroupmap", otherPin.path],
    ];
  }, ["unanswered=4:3", "lossy=6:1"]);
  const { connections } = runs[0]!;
  const rows = runs.map(({ result }) => rowsOf<Row & { container?: string }>(result));
  const counts = rows.map((all) => connections.map((each) => all.filter(isOf(each)).length));
  const expected = connections.map(({ retransmits }) => retransmits);
  assert.deepEqual(counts, [expected, [0, 0, 0, 0], [0, 0, 0, 0]]);
  // Rows of other cgroups are hidden; the container is the one in which the socket was made.
  assert.deepEqual(rows.map(({ length }) => length > 0), [true, false, false]);
  assert.deepEqual(new Set(rows[0]!.map(({ container }) => container)), new Set([id.slice(0, 12)]));
});

test("tcpretrans prints bcc's tables", {
  skip: requires("tcpretrans prints bcc's tables", "speed"),
}, async () => {
  const runs = await recordTcpRuns("tcpretrans", () => [["-s"], ["-c"]], ["lossy=4:1"]);
  const { port, serverPort, retransmits } = runs[0]!.connections[0]!;
  const [table, counts] = runs.map(({ result }) => result.stdout.trimEnd().split("\n"));
  const heading =
    "TIME     PID     IP LADDR:LPORT          T> RADDR:RPORT          STATE        SEQ";
  const [local, remote] = [port, serverPort].map((each) => `127.0.0.1:${each}`.padEnd(20));
  const row = `\\d\\d:\\d\\d:\\d\\d \\d+ +4  ${local} R> ${remote} ESTABLISHED  \\d+`;
  const mine = (lines: string[]) => lines.filter((line) => line.includes(`127.0.0.1:${port} `));
  assert.deepEqual(table!.slice(0, 2), ["Tracing retransmits ... Hit Ctrl-C to end", heading]);
  assert.equal(mine(table!).length, retransmits);
  assert.match(mine(table!)[0]!, new RegExp(`^${row}$`));
  const ends = [port, serverPort].map((each) => `[127.0.0.1]#${each}`.padEnd(20));
  assert.deepEqual(counts!.slice(1, 3), [
    "",
    "LADDR:LPORT               RADDR:RPORT               RETRANSMITS",
  ]);
  assert.ok(counts!.includes(`${ends.join(" <-> ")} ${String(retransmits).padStart(10)}`));
});

test("tcpretrans -l shows tail loss probes", {
  skip: requires("tcpretrans -l shows tail loss probes", "fentry"),
}, async () => {
  const { result, connections } = await recordTcp("tcpretrans", ["--json", "-l", "-s"], [
    "lossy=4:3",
    "lossy=6:2",
  ]);
  for (const connection of connections) {
    const rows = rowsOf<Row>(result).filter(isOf(connection));
    assert.equal(rows.filter(({ type }) => type === "R").length, connection.retransmits);
    // The first retransmit is a tail loss probe (type L); the next comes only after new data.
    assert.deepEqual(
      rows.filter(({ type }) => type === "L").map(({ seq, state }) => [seq, state]),
      [
        [0, "ESTABLISHED"],
      ],
    );
    assert.equal(rows[0]!.type, "L");
  }
});

test("tcpretrans -l needs the function of tail loss probes", {
  skip: requires("tcpretrans -l needs the function of tail loss probes", "speed"),
}, async () => {
  const { status, stderr } = await runTool("tcpretrans", "-l");
  assert.equal(status, 1);
  assert.match(
    stderr,
    /^tcpretrans: Cannot trace tail loss probes \(-l\): this kernel has none of: fentry:tcp_send_loss_probe\n$/,
  );
});
