import { defineCases, times } from "../../tests/support/cases.ts";
import { TCP_EVENTS } from "../../tests/support/hidden_events.ts";
import { inNetns, tcpServer } from "../../tests/support/jobs.ts";

const work = tcpServer("exchange=4:97:1:1:client", "exchange=6:13:1:1:client");

export default defineCases({
  usage: {
    names: "-T -t -p -P -4 -6 -h --time --timestamp --pid --port --ipv4 --ipv6 " +
      "--netns --print-netns --cgroupmap --mntnsmap --json --duration",
    wrong: [[["-4", "-6"], /use either -4\/--ipv4 or -6\/--ipv6, not both/], [
      ["-P", "80,,81"],
      /invalid value "80,,81" for -P\/--port: expected at most 64 ports/,
    ]],
  },
  cases: [
    {
      name: "shows 97 and 13 accepted connections, exactly and in order",
      canary: true,
      work,
      rows: [
        ...times(97, { comm: "tcp-server", ip: 4, raddr: "127.0.0.1", laddr: "127.0.0.1" }),
        ...times(13, { comm: "tcp-server", ip: 6, raddr: "::1", laddr: "::1" }),
      ],
    },
    {
      name: "-d names who has connected, by what a server was told of the address",
      args: ["-d"],
      work: tcpServer(
        "known=pointer:1",
        ...["4", "m", "6"].map((ip) => `exchange=${ip}:1:1:1:client`),
      ),
      rows: [
        { ip: 4, rhost: "pointer.test" },
        { ip: 6, rhost: "pointer.test" },
        { ip: 6, rhost: null },
      ],
    },
    {
      name: "-6 hides IPv4",
      args: ["-6"],
      work,
      of: (row, { pid }) => row.pid === pid && row.ip === 4,
      rows: [],
    },
    {
      name: "--netns shows a namespace",
      args: ["--netns", "{netns}"],
      work,
      of: inNetns,
      rows: times(110, { pid: "{server}", netns: "{netns}" }),
    },
    { name: "--netns hides others", args: ["--netns", "1"], work, of: inNetns, rows: [] },
    {
      name: "--print-netns widens bcc's table",
      args: ["--print-netns"],
      work: tcpServer("exchange=4:1:1:1:client"),
      lines: [
        /^PID {5}COMM {9}IP RADDR {12}RPORT LADDR {12}LPORT NETNS$/,
        /^{server} +tcp-server {3}4 {2}127\.0\.0\.1 {8}\d{5} 127\.0\.0\.1 {8}{port} +{netns}$/,
      ],
    },
  ],
  filters: { work, expect: 110 },
  anywhere: TCP_EVENTS,
});
