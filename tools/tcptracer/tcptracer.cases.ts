import { defineCases, type Row } from "../../tests/support/cases.ts";
import { TCP_EVENTS } from "../../tests/support/hidden_events.ts";
import { inNetns, tcp, tcpServer } from "../../tests/support/jobs.ts";

const exchange = (family: string, count: number, end = "client") =>
  `exchange=${family}:${count}:1:1:${end}`;

/** Expected rows of `count` connections: each end opens and closes. */
const ends = (count: number, row: Row) =>
  [["connect", "client"], ["close", "client"], ["accept", "server"], ["close", "server"]]
    .map(([type, who]) => [{ ...row, type, pid: `{${who}}`, comm: `tcp-${who}` }, count] as const);

const at = (ip: 4 | 6, address: string) => ({ ip, saddr: address, daddr: address });
const work = tcp(exchange("4", 7), exchange("6", 5), exchange("m", 3));

export default defineCases({
  usage: {
    names: "-t -v -p -N -4 -6 -u -U -h --timestamp --verbose --pid --netns --ipv4 --ipv6 --uid " +
      "--print-uid --cgroup --cgroupmap --mntnsmap --pidns --container --json --duration",
    wrong: [[["-4", "-6"], /use either -4\/--ipv4 or -6\/--ipv6, not both/], [
      ["-N", "eth0"],
      /invalid value "eth0" for -N\/--netns/,
    ]],
  },
  cases: [
    {
      name: "shows both ends of 53 connections being opened and closed, exactly",
      canary: true,
      work: tcp(exchange("4", 31), exchange("6", 13), exchange("m", 9)),
      of: inNetns,
      counts: [
        ...ends(31, at(4, "127.0.0.1")),
        ...ends(13, at(6, "::1")),
        ...ends(9, at(6, "::ffff:127.0.0.1")),
      ],
      check: checkOrder,
    },
    {
      name: "shows each end closed once, whoever closes first and how, and nothing that failed",
      work: tcp(
        exchange("4", 7, "server"),
        exchange("6", 5, "reset"),
        "refused=4:3",
        "unanswered=4:2",
        "abandoned=4:0",
      ),
      of: inNetns,
      counts: [...ends(7, at(4, "127.0.0.1")), ...ends(5, at(6, "::1"))],
      check: checkOrder,
    },
    {
      name: "shows one end of connections that nobody accepts",
      work: tcp("abandoned=4:5"),
      of: inNetns,
      counts: ends(5, at(4, "127.0.0.1")).slice(0, 2),
    },
    {
      name: "shows both ends of MPTCP connections, by their first subflow",
      work: tcp(exchange("p", 3)),
      of: (row, context) => inNetns(row, context) && row.type !== "close",
      counts: ends(3, at(4, "127.0.0.1")).filter(([{ type }]) => type !== "close"),
    },
    {
      name: "-p shows the end that a process accepts and closes",
      args: ["-p", "{server}"],
      work: tcpServer(exchange("4", 7), exchange("6", 5, "reset"), "abandoned=4:3"),
      of: inNetns,
      counts: [...ends(7, at(4, "127.0.0.1")).slice(2), ...ends(5, at(6, "::1")).slice(2)],
    },
    {
      name: "-4 and -N choose connections",
      args: ["-4", "-N", "{netns}"],
      work,
      of: inNetns,
      counts: ends(7, { ip: 4 }),
    },
    {
      name: "-6 chooses connections",
      args: ["-6"],
      work,
      of: inNetns,
      counts: [...ends(5, at(6, "::1")), ...ends(3, at(6, "::ffff:127.0.0.1"))],
    },
    { name: "-N hides other namespaces", args: ["-N", "1"], work, of: inNetns, rows: [] },
    {
      name: "prints bcc's table",
      work,
      lines: [
        /^Tracing TCP established connections\. Ctrl-C to end\.$/,
        /^T {2}PID {4}COMM {13}IP SADDR {12}DADDR {12}SPORT {2}DPORT$/,
        /^C {2}{client} +tcp-client {7}4 {2}127\.0\.0\.1 {8}127\.0\.0\.1 {8}\d{5} {2}{port} *$/,
        /^A {2}{server} +tcp-server {7}4 {2}127\.0\.0\.1 {8}127\.0\.0\.1 {8}{port} {2}\d{5} *$/,
        /^X {2}{server} +tcp-server {7}6 {2}\[::1\] {12}\[::1\] {12}\d{5} {2}\d{5} *$/,
      ],
    },
    {
      name: "-v -t prints bcc's table with types, nanoseconds and the network namespace",
      args: ["-vt"],
      work,
      lines: [
        /^TIME\(ns\) {6}TYPE {9}PID {4}COMM {13}IP SADDR {12}DADDR {12}SPORT {2}DPORT {2}NETNS$/,
        /^\d+ +connect {6}{client} +tcp-client {7}4 {2}127\.0\.0\.1 {8}127\.0\.0\.1 {8}\d{5} {2}{port} +{netns} *$/,
      ],
    },
  ],
  filters: {
    work: tcp(exchange("4", 7), exchange("6", 5, "reset")),
    expect: 24,
  },
  anywhere: TCP_EVENTS,
});

/** Checks that each end of a connection has one open and then one close. */
function checkOrder(rows: readonly Row[]): void {
  const ends = new Map<string, string[]>();
  for (const { type, saddr, sport, daddr, dport } of rows) {
    const end = `${saddr} ${sport} ${daddr} ${dport}`;
    ends.set(end, [...ends.get(end) ?? [], String(type)]);
  }
  for (const [end, types] of ends) {
    if (!/^(connect|accept) close$/.test(types.join(" "))) throw new Error(`${end}: ${types}`);
  }
}
