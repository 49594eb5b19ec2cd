import { defineCases, times } from "../../tests/support/cases.ts";
import { TCP_EVENTS } from "../../tests/support/hidden_events.ts";
import { inNetns, namedSteps, namesFound, tcp } from "../../tests/support/jobs.ts";

const work = tcp("exchange=4:97:1:1:client", "exchange=6:13:1:1:client", "refused=4:3");

export default defineCases({
  usage: {
    names: "-t -p -P -4 -6 -L -U -u -c -d -h --timestamp --pid --port --ipv4 --ipv6 --lport " +
      "--print-uid --uid --count --cgroupmap --mntnsmap --dns --netns --print-netns --json --duration",
    wrong: [
      [["-c", "-d"], /use either -c\/--count or -d\/--dns/],
      [["-4", "-6"], /use either -4\/--ipv4 or -6\/--ipv6, not both/],
      [["-P", "http"], /invalid value "http" for -P\/--port: expected at most 64 ports/],
      [["-u", "nobody"], /invalid value "nobody" for -u\/--uid/],
    ],
  },
  cases: [
    {
      name: "shows 110 connections and 3 refused ones, exactly and in order",
      canary: true,
      work,
      rows: [
        ...times(97, { comm: "tcp-client", ip: 4, saddr: "127.0.0.1", daddr: "127.0.0.1" }),
        ...times(13, { comm: "tcp-client", ip: 6, saddr: "::1", daddr: "::1" }),
        ...times(3, { comm: "tcp-client", ip: 4, saddr: "127.0.0.1", daddr: "127.0.0.1" }),
      ],
    },
    {
      name: "-d names the remote host by the answers that the process itself received, in all ways",
      args: ["-d", "-P", "9"],
      work: tcp(...namedSteps),
      rows: namesFound.map((query) => ({ query })),
    },
    { name: "-P hides other ports", args: ["-P", "1"], work, rows: [] },
    {
      name: "--netns shows a namespace",
      args: ["--netns", "{netns}"],
      work,
      of: inNetns,
      rows: times(113, { pid: "{client}", netns: "{netns}" }),
    },
    { name: "--netns hides others", args: ["--netns", "1"], work, of: inNetns, rows: [] },
    {
      name: "--netns counts one namespace only",
      args: ["-c", "--netns", "{netns}", "-4"],
      work,
      of: (row) => "connects" in row,
      counts: [[{ raddr: "127.0.0.1", rport: "{port}", connects: 97 }, 1], [{
        raddr: "127.0.0.1",
        rport: 9,
        connects: 3,
      }, 1]],
    },
    {
      name: "--print-netns widens bcc's table",
      args: ["--print-netns", "-P", "{port}"],
      work: tcp("exchange=m:1:1:1:client"),
      lines: [
        /^PID {5}COMM {9}IP SADDR {12}DADDR {12}DPORT {2}NETNS$/,
        /^{client} +tcp-client {3}4 {2}127\.0\.0\.1 {8}127\.0\.0\.1 {8}{port} +{netns}$/,
      ],
    },
  ],
  filters: { work, expect: 113 },
  anywhere: TCP_EVENTS,
});
