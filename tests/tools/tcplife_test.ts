import assert from "node:assert/strict";
import { test } from "node:test";
import { Running } from "../support/process.ts";
import { requires } from "../support/requires.ts";
import {
  type Connection,
  loopback,
  type RecordedTcp,
  recordTcp,
  recordTcpRuns,
  TcpWorkload,
} from "../support/tcp.ts";
import { rowsOf, startTool, stopTool } from "../support/tool.ts";

interface Row {
  time?: string;
  time_s?: number;
  pid: number;
  comm: string;
  ip: 4 | 6;
  laddr: string;
  lport: number;
  raddr: string;
  rport: number;
  tx_kb: number;
  rx_kb: number;
  ms: number;
}

const UP = 5000;
const DOWN = 300_000;
const exchange = (family: string, count: number, end = "client") =>
  `exchange=${family}:${count}:${UP}:${DOWN}:${end}`;

/**
 * One line for each row: process, local and remote address; sorted, because the ends close in any
 * order.
 */
const ends = (rows: readonly Row[]) =>
  rows.map(({ pid, comm, ip, laddr, lport, raddr, rport }) =>
    `${pid} ${comm} ${ip} ${laddr} ${lport} ${raddr} ${rport}`
  ).toSorted();

function clientEnd({ family, port, serverPort }: Connection, pid: number): string {
  const at = loopback(family);
  return `${pid} tcp-client ${family === "4" ? 4 : 6} ${at} ${port} ${at} ${serverPort}`;
}

function serverEnd({ family, port, serverPort }: Connection, pid: number, comm = "tcp-server") {
  const at = loopback(family);
  return `${pid} ${comm} ${family === "4" ? 4 : 6} ${at} ${serverPort} ${at} ${port}`;
}

const bothEnds = ({ connections, client, server }: RecordedTcp) =>
  connections.flatMap((each) => [clientEnd(each, client), serverEnd(each, server)]).toSorted();

/** Checks a row's bytes: SYN and FIN may count as a byte each. */
function checkBytes(row: Row, isClient: boolean): void {
  const [sent, received] = isClient ? [UP, DOWN] : [DOWN, UP];
  const surplus = [row.tx_kb * 1024 - sent, row.rx_kb * 1024 - received];
  assert.ok(surplus.every((bytes) => bytes >= 0 && bytes <= 2), JSON.stringify(row));
}

test("tcplife reports both ends of every connection, whoever closed it and how", async () => {
  const recorded = await recordTcp("tcplife", ["--json"], [
    exchange("4", 97),
    exchange("6", 13),
    exchange("m", 11),
    exchange("4", 7, "server"),
    exchange("6", 5, "server"),
    exchange("4", 7, "reset"),
    exchange("6", 5, "reset"),
  ]);
  const { client, server } = recorded;
  const rows = rowsOf<Row>(recorded.result).filter(({ pid }) => pid === client || pid === server);
  assert.equal(recorded.connections.length, 145);
  assert.deepEqual(ends(rows), bothEnds(recorded));
  for (const row of rows) {
    checkBytes(row, row.pid === client);
    assert.ok(row.ms > 0 && row.ms < 60_000);
  }
});

test("tcplife reports connections that came to nothing, with no owner where nobody accepted", async () => {
  const recorded = await recordTcp("tcplife", ["--json"], [
    "refused=4:3",
    "refused=6:2",
    "abandoned=4:5",
  ]);
  const { connections, client } = recorded;
  const [refused, abandoned] = [connections.slice(0, 5), connections.slice(5)];
  const ports = abandoned.flatMap(({ port, serverPort }) => [port, serverPort]);
  const rows = rowsOf<Row>(recorded.result);
  assert.deepEqual(
    rows.filter(({ pid, rport }) => pid === client && rport === 9).map(({ raddr, rx_kb }) =>
      `${raddr} ${rx_kb}`
    ),
    refused.map(({ family }) => `${loopback(family)} 0`),
  );
  assert.deepEqual(
    ends(rows.filter(({ lport, rport }) => ports.includes(lport) && ports.includes(rport))),
    abandoned.flatMap((each) => [clientEnd(each, client), serverEnd(each, 0, "")]).toSorted(),
  );
});

test("tcplife tells who accepted an MPTCP connection, not the kernel thread that ends it", async () => {
  await using workload = await TcpWorkload.start(exchange("p", 7), exchange("p", 5, "server"));
  await using running = await startTool("tcplife", "--json");
  await using ofServer = await startTool("tcplife", "--json", "-p", String(workload.server));
  const connections = await workload.go();
  const { client, server } = workload;
  const ports = connections.map(({ port }) => port);
  // The kernel closes connections with a delay, possibly after the processes have ended.
  const last = (each: readonly string[]) =>
    Promise.all(each.map((pattern) => running.find("stdout", new RegExp(pattern))));
  await last(ports.flatMap((port) => [`"lport":${port},`, `"rport":${port},`]));
  await Promise.all(
    ports.map((port) => ofServer.find("stdout", new RegExp(`"rport":${port},`))),
  );
  const rows = rowsOf<Row>(await stopTool(running))
    .filter(({ lport, rport }) => ports.includes(lport) || ports.includes(rport));
  assert.deepEqual(
    ends(rows),
    connections.flatMap((each) => [clientEnd(each, client), serverEnd(each, server)]).toSorted(),
  );
  assert.deepEqual(
    ends(rowsOf<Row>(await stopTool(ofServer))),
    connections.map((each) => serverEnd(each, server)).toSorted(),
  );
});

test("tcplife -p -L -D -4 -6 show what they ask for and hide the rest", async () => {
  const steps = [exchange("4", 7), exchange("6", 5), exchange("m", 3), "abandoned=4:2"];
  const runs = await recordTcpRuns("tcplife", ({ server, ports }) => {
    const [ipv4, ipv6] = ports.map(String);
    return [["-p", String(server)], ["-4"], ["-6", "-L", `1,${ipv6}`], ["-D", `${ipv4},${ipv6}`]]
      .map((args) => ["--json", ...args]);
  }, steps);
  const [first] = runs;
  const { client, server, connections } = first!;
  const some = (from: number, to?: number) => connections.slice(from, to);
  const clientEnds = (each: readonly Connection[]) => each.map((end) => clientEnd(end, client));
  const serverEnds = (each: readonly Connection[]) => each.map((end) => serverEnd(end, server));
  const unowned = some(15).map((each) => serverEnd(each, 0, ""));
  const expected = [
    serverEnds(some(0, 15)),
    [...clientEnds(some(0, 7)), ...serverEnds(some(0, 7)), ...clientEnds(some(15)), ...unowned],
    serverEnds(some(7, 12)),
    clientEnds(some(0, 12)),
  ];
  // Connections of other processes have other ports, or at least another pair of ports.
  const ports = new Set(connections.map(({ serverPort }) => serverPort));
  for (const [i, { result }] of runs.entries()) {
    const rows = rowsOf<Row>(result).filter(({ lport, rport }) =>
      ports.has(lport) || ports.has(rport)
    );
    assert.deepEqual(ends(rows), expected[i]!.toSorted(), `run ${i}`);
  }
});

test("tcplife prints bcc's table, wide, with times, and as comma-separated values", {
  skip: requires(
    "tcplife prints bcc's table, wide, with times, and as comma-separated values",
    "speed",
  ),
}, async () => {
  const runs = await recordTcpRuns(
    "tcplife",
    ({ client }) =>
      [[], ["-w"], ["-T", "-t"], ["-stT"]].map((args) => [...args, "-p", `${client}`]),
    [exchange("4", 1)],
  );
  const { client, connections } = runs[0]!;
  const [port, serverPort] = [connections[0]!.port, connections[0]!.serverPort].map((each) =>
    String(each).padEnd(5)
  );
  const pid = String(client).padEnd(5);
  const [table, wide, times, csv] = runs.map(({ result }) => result.stdout.split("\n"));
  const ip = (width: number) => "127.0.0.1".padEnd(width);
  const heading = "PID   COMM       LADDR           LPORT RADDR           RPORT TX_KB RX_KB MS";
  const row = `${pid} tcp-client ${ip(15)} ${port} ${
    ip(15)
  } ${serverPort}     4   292 \\d+\\.\\d\\d`;
  assert.equal(table![0], heading);
  assert.match(table![1]!, new RegExp(`^${row}$`));
  assert.equal(
    wide![0],
    "PID   COMM             IP LADDR                                   LPORT " +
      "RADDR                                   RPORT  TX_KB  RX_KB MS",
  );
  assert.match(
    wide![1]!,
    new RegExp(
      `^${pid} tcp-client       4  ${ip(39)} ${port} ${
        ip(39)
      } ${serverPort}      4    292 [\\d.]+$`,
    ),
  );
  assert.equal(times![0], `TIME     TIME(s)   ${heading}`);
  assert.match(times![1]!, new RegExp(`^\\d\\d:\\d\\d:\\d\\d 0\\.000000  ${row}$`));
  assert.equal(csv![0], "TIME,TIME(s),PID,COMM,IP,LADDR,LPORT,RADDR,RPORT,TX_KB,RX_KB,MS");
  assert.match(
    csv![1]!,
    /^[\d:]{8},0\.000000,\d+,tcp-client,4,127.0.0.1,\d+,127.0.0.1,\d+,4,292,[\d.]+$/,
  );
});

// Only connections that the client closes first: for others libbpf-tools names the process that
// happens to run.
test("tcplife agrees line by line with libbpf-tools' tcplife", {
  skip: requires("tcplife agrees line by line with libbpf-tools' tcplife", "speed"),
}, async () => {
  await using workload = await TcpWorkload.start(exchange("4", 31), exchange("m", 7), "wait=");
  await using ours = await startTool("tcplife", "-w");
  await using theirs = Running.start(["stdbuf", "-oL", "/usr/sbin/tcplife", "-w"]);
  await theirs.find("stdout", /^PID/);
  const last = (await workload.goToWait()).at(-1)!;
  await theirs.find("stdout", new RegExp(`^${workload.server} .* ${last.port} .*\n`, "m"));
  const { stdout } = await stopTool(ours);
  theirs.kill("SIGINT");
  const places = (text: string) =>
    text.split("\n").map((line) => line.trim().split(/\s+/).filter((word) => !/^[46]$/.test(word)))
      .filter(([pid]) => [workload.client, workload.server].includes(Number(pid)))
      .map((words) => words.slice(0, 6).join(" ")).toSorted();
  const expected = places((await theirs.result).stdout);
  assert.equal(expected.length, 2 * 38);
  assert.deepEqual(places(stdout), expected);
});
