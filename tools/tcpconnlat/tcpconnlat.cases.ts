import { defineCases, times } from "../../tests/support/cases.ts";
import { TCP_EVENTS } from "../../tests/support/hidden_events.ts";
import { inNetns, tcp } from "../../tests/support/jobs.ts";

const exchange = (family: string, count: number) => `exchange=${family}:${count}:1:1:client`;
const work = tcp(exchange("4", 97), exchange("6", 13), exchange("m", 11), "refused=4:3");

export default defineCases({
  usage: {
    names:
      "-v --verbose -t -p -L -4 -6 -h --timestamp --pid --lport --ipv4 --ipv6 --cgroup --cgroupmap " +
      "--mntnsmap --pidns --container --json --duration",
    wrong: [
      [["-4", "-6"], /use either -4\/--ipv4 or -6\/--ipv6, not both/],
      [["-p", "x"], /invalid value "x" for -p\/--pid/],
      [["-1"], /-1/],
      [["many"], /invalid value "many" for min_ms: expected a duration in milliseconds/],
    ],
  },
  cases: [
    {
      name: "shows 121 connections and 3 refused ones, exactly and in order, and none unanswered",
      canary: true,
      work: tcp(
        exchange("4", 97),
        exchange("6", 13),
        exchange("m", 11),
        "refused=4:3",
        "unanswered=4:2",
        "unanswered=6:2",
        "refused=6:2",
      ),
      of: inNetns,
      rows: [
        ...times(97, row("4", "127.0.0.1")),
        ...times(13, row("6", "::1")),
        ...times(11, row("6", "::ffff:127.0.0.1")),
        ...times(3, row("4", "127.0.0.1", true)),
        ...times(2, row("6", "::1", true)),
      ],
      check(rows) {
        const wrong = rows.find(({ lat_ms, lport }) => !(Number(lat_ms) > 0 && Number(lport) > 0));
        if (wrong) throw new Error(JSON.stringify(wrong));
      },
    },
    {
      name: "shows nothing faster than min_ms",
      args: ["2147483647"],
      work,
      of: inNetns,
      rows: [],
    },
    {
      name: "shows what takes as long as min_ms",
      args: ["0.000001", "--netns", "{netns}"],
      work: tcp(exchange("4", 7), exchange("6", 5)),
      rows: [...times(7, { netns: "{netns}" }), ...times(5, { netns: "{netns}" })],
    },
    { name: "--netns hides others", args: ["--netns", "1"], work, of: inNetns, rows: [] },
    {
      name: "-4 hides IPv6, mapped or not",
      args: ["-4"],
      work: tcp(exchange("4", 7), exchange("6", 5), exchange("m", 3)),
      of: inNetns,
      rows: times(7, { ip: 4 }),
    },
    {
      name: "-6 hides IPv4",
      args: ["-6"],
      work: tcp(exchange("4", 7), exchange("6", 5), exchange("m", 3)),
      of: inNetns,
      rows: [...times(5, { daddr: "::1" }), ...times(3, { daddr: "::ffff:127.0.0.1" })],
    },
    {
      name: "prints bcc's table, and behind it what was refused",
      args: ["-t", "-L", "-p", "{pid}"],
      work: tcp(exchange("4", 1), "refused=4:1"),
      lines: [
        /^TIME\(s\) {2}PID {5}COMM {9}IP SADDR {12}LPORT {2}DADDR {12}DPORT LAT\(ms\)$/,
        /^0\.000 {4}{pid} +tcp-client {3}4 {2}127\.0\.0\.1 {8}\d{5} {2}127\.0\.0\.1 {8}{port} \d+\.\d\d$/,
        /^\d+\.\d{3} +{pid} +tcp-client .* \d+\.\d\d refused$/,
      ],
    },
  ],
  filters: { work, expect: 124 },
  anywhere: TCP_EVENTS,
});

/** The row of a connection, by IP version and address. */
function row(ip: "4" | "6", at: string, refused = false) {
  return {
    pid: "{client}",
    comm: "tcp-client",
    ip: Number(ip),
    saddr: at,
    daddr: at,
    netns: "{netns}",
    refused,
  };
}
