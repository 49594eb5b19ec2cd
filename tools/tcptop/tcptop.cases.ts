import { type CaseContext, defineCases, type Row } from "../../tests/support/cases.ts";
import { TCP_EVENTS } from "../../tests/support/hidden_events.ts";
import { inNetns, tcp, tcpServer } from "../../tests/support/jobs.ts";

/** Bytes sent by clients and servers: primes, too many for one send or receive call. */
const UP = 100_003;
const DOWN = 5003;
const exchange = (family: string, count: number) =>
  `exchange=${family}:${count}:${UP}:${DOWN}:client`;
const steps = [exchange("4", 7), exchange("6", 5), exchange("m", 3)];
const COUNTS = { "127.0.0.1": 7, "::1": 5, "::ffff:127.0.0.1": 3 };

/** Bytes sent and received, summed over all reports by a key. */
function sums(rows: readonly Row[], key: (row: Row) => string): Map<string, [number, number]> {
  const found = new Map<string, [number, number]>();
  for (const row of rows) {
    const [sent, received] = found.get(key(row)) ?? [0, 0];
    const more = [row.tx_kb, row.rx_kb].map((kb) => Number(kb) * 1024);
    found.set(key(row), [sent + more[0]!, received + more[1]!]);
  }
  return found;
}

function expectSums(counts: Readonly<Record<string, number>>) {
  return (rows: readonly Row[], { names }: CaseContext) => {
    const connections = sums(
      rows,
      ({ pid, laddr, lport, rport }) => `${pid} ${laddr} ${lport} ${rport}`,
    );
    const wrong = [...connections].filter(([name, [sent, received]]) =>
      name.startsWith(`${names.client} `)
        ? sent !== UP || received !== DOWN
        : sent !== DOWN || received !== UP
    );
    if (wrong.length > 0) throw new Error(JSON.stringify(wrong));
    const byAddress = sums(rows, ({ pid, laddr }) => `${pid} ${laddr}`);
    const total = Object.entries(counts).flatMap(([at, count]) => [
      [`${names.client} ${at}`, [count * UP, count * DOWN]],
      [`${names.server} ${at}`, [count * DOWN, count * UP]],
    ]);
    const [is, ought] = [[...byAddress], total].map((each) => JSON.stringify(each.toSorted()));
    if (is !== ought) throw new Error(`${is}\nnot ${ought}`);
  };
}

export default defineCases({
  usage: {
    names: "-C -S -p -4 -6 -h --noclear --nosummary --pid --ipv4 --ipv6 --netns interval count " +
      "--cgroup --cgroupmap --mntnsmap --pidns --json --duration",
    wrong: [[["-4", "-6"], /use either -4\/--ipv4 or -6\/--ipv6, not both/], [
      ["0"],
      /invalid value "0" for interval: expected an interval/,
    ]],
  },
  cases: [
    {
      name: "shows both ends of 15 connections, to the byte",
      canary: true,
      args: ["1"],
      work: tcp(...steps),
      of: inNetns,
      check: expectSums(COUNTS),
    },
    {
      name: "shows MPTCP too",
      args: ["1"],
      work: tcp(exchange("p", 3)),
      of: inNetns,
      check: expectSums({ "127.0.0.1": 3 }),
    },
    {
      name: "-4 and --netns choose connections",
      args: ["-4", "--netns", "{netns}", "600"],
      work: tcp(...steps),
      of: inNetns,
      check: expectSums({ "127.0.0.1": 7 }),
    },
    {
      name: "-6 chooses connections, mapped ones too",
      args: ["-6", "600"],
      work: tcp(...steps),
      of: inNetns,
      check: expectSums({ "::1": 5, "::ffff:127.0.0.1": 3 }),
    },
    {
      name: "--netns hides others",
      args: ["--netns", "1"],
      work: tcp(...steps),
      of: inNetns,
      rows: [],
    },
    {
      name: "prints bcc's tables",
      args: ["-C", "-p", "{server}", "600"],
      work: tcpServer(exchange("4", 1), exchange("6", 1)),
      lines: [
        /^Tracing\.\.\. Output every 600 secs\. Hit Ctrl-C to end$/,
        /^[\d:]{8} loadavg: [\d.]+ /,
        /^PID {5}COMM {9}LADDR {17}RADDR {18}RX_KB {2}TX_KB$/,
        /^{server} +tcp-server {3}127\.0\.0\.1:{port} {7}127\.0\.0\.1:\d{5} {11}97 {6}4$/,
        /^PID {5}COMM {9}LADDR6 {27}RADDR6 {28}RX_KB {2}TX_KB$/,
        /^{server} +tcp-server {3}::1:\d{5} {24}::1:\d{5} {28}97 {6}4$/,
      ],
    },
  ],
  filters: {
    work: tcp(...steps),
    args: ["600"],
    total: (rows) => rows.reduce((sum, { tx_kb }) => sum + Number(tx_kb) * 1024, 0),
    expect: 15 * UP,
  },
  anywhere: TCP_EVENTS,
});
