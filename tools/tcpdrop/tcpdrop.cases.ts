import { defineCases, type IsOf, times } from "../../tests/support/cases.ts";
import { TCP_EVENTS } from "../../tests/support/hidden_events.ts";
import { inNetns, tcp } from "../../tests/support/jobs.ts";

const work = tcp("refused=4:97", "refused=6:13", "refused=m:11");

/** Selects packets dropped because no socket listens; the RST answers may be dropped as well. */
const isRefused: IsOf = (row, context) => inNetns(row, context) && row.reason === "NO_SOCKET";

const refused = (ip: 4 | 6, address: string) => ({
  ...{ ip, saddr: address, daddr: address, dport: 9 },
  ...{ flags: "SYN", reason: "NO_SOCKET", state: null },
});

export default defineCases({
  usage: {
    names: "--netns --print-netns --no-stack --json --duration",
    wrong: [
      [["-4", "-6"], /use either -4\/--ipv4 or -6\/--ipv6, not both/],
      [
        ["--netns-id", "7", "--pid-netns", "1"],
        /use one of --netns, --netns-id and --pid-netns, not several/,
      ],
    ],
  },
  cases: [
    {
      name:
        "shows 121 packets that nobody listened for, exactly, with the reason's name and the stack",
      canary: true,
      work,
      of: isRefused,
      counts: [[refused(4, "127.0.0.1"), 108], [refused(6, "::1"), 13]],
      check(rows) {
        const wrong = rows.find(({ stack, sport }) =>
          !(stack as string[]).some((name) => /^tcp_v[46]_rcv\+/.test(name)) || !(Number(sport) > 0)
        );
        if (wrong) throw new Error(JSON.stringify(wrong));
      },
    },
    {
      name: "shows the socket's state, and what a filter of it dropped",
      args: ["--no-stack"],
      work: tcp("lossy=4:1"),
      of: (row, context) => inNetns(row, context) && row.reason === "SOCKET_FILTER",
      check(rows) {
        // The number of rows varies: the client retransmits until the server accepts packets again.
        const states = new Set(rows.map(({ flags, stack }) => `${flags} ${stack}`));
        if (states.size !== 1 || !states.has("PSH|ACK undefined")) {
          throw new Error([...states].join());
        }
      },
    },
    { name: "-6 hides IPv4", args: ["-6"], work, of: isRefused, rows: times(13, { ip: 6 }) },
    { name: "-4 hides IPv6", args: ["-4"], work, of: isRefused, rows: times(108, { ip: 4 }) },
    {
      name: "--netns shows a namespace",
      args: ["--netns", "{netns}"],
      work: tcp("refused=4:7"),
      of: isRefused,
      rows: times(7, { netns: "{netns}" }),
    },
    {
      name: "--pid-netns shows the namespace of a process",
      args: ["--pid-netns", "{pid}"],
      work: tcp("refused=4:7"),
      of: isRefused,
      rows: times(7, { netns: "{netns}" }),
    },
    {
      name: "--pid-netns hides others",
      args: ["--pid-netns", String(process.pid)],
      work,
      of: inNetns,
      rows: [],
    },
    { name: "--netns-id hides others", args: ["--netns-id", "1"], work, of: inNetns, rows: [] },
    { name: "--netns hides others", args: ["--netns", "1"], work, of: inNetns, rows: [] },
    {
      name: "prints bcc's table, the reason and the stack below",
      work: tcp("refused=4:1", "refused=6:1"),
      lines: [
        /^TIME {5}PID {5}IP SADDR:SPORT {10}> DADDR:DPORT {10}STATE \(FLAGS\) REASON$/,
        /^[\d:]{8} \d+ +4 {2}127\.0\.0\.1:\d{5} {6}> 127\.0\.0\.1:9 {10}- \(SYN\) NO_SOCKET\n(?: {8}.+\n)* {8}tcp_v4_rcv\+0x/,
      ],
    },
  ],
  anywhere: TCP_EVENTS,
});
