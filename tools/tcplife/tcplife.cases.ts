import { defineCases, times } from "../../tests/support/cases.ts";
import { TCP_EVENTS } from "../../tests/support/hidden_events.ts";
import { inNetns, namedSteps, namesFound, tcp, tcpServer } from "../../tests/support/jobs.ts";

const work = tcp("exchange=4:97:2048:4096:client", "exchange=6:13:2048:4096:client");

export default defineCases({
  usage: {
    names: "-T -t -w -s -p -L -D -4 -6 -h --time --timestamp --wide --csv --pid " +
      "--localport --remoteport --ipv4 --ipv6 --netns --print-netns --json --duration --cgroupmap --mntnsmap",
    wrong: [
      [["-4", "-6"], /use either -4\/--ipv4 or -6\/--ipv6, not both/],
      [["-s", "--json"], /use either -s\/--csv or --json, not both/],
      [
        ["-L", "80,x"],
        /invalid value "80,x" for -L\/--localport: expected at most 64 ports from 1/,
      ],
      [["-D", "65536"], /invalid value "65536" for -D\/--remoteport/],
      [["-D", "0"], /invalid value "0" for -D\/--remoteport/],
      [["-p", "x"], /invalid value "x" for -p\/--pid/],
    ],
  },
  cases: [
    {
      name: "shows the client's end of 110 connections, exactly and in order",
      canary: true,
      work,
      check(rows) {
        const kb = rows.map(({ tx_kb, rx_kb }) =>
          `${Math.trunc(Number(tx_kb))} ${Math.trunc(Number(rx_kb))}`
        );
        if (kb.some((text) => text !== "2 4")) throw new Error(kb.join("\n"));
      },
      rows: [
        ...times(97, { comm: "tcp-client", ip: 4, raddr: "127.0.0.1" }),
        ...times(13, { comm: "tcp-client", ip: 6, raddr: "::1" }),
      ],
    },
    {
      name: "-d names the remote host by the answers that the process itself received, in all ways",
      args: ["-d", "-D", "9"],
      work: tcp(...namedSteps),
      rows: namesFound.map((rhost) => ({ rhost })),
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
      name: "-d widens bcc's table",
      args: ["-d", "-D", "9"],
      work: tcp("resolve=stream:7", "reach=7", "reach=8"),
      lines: [
        /^PID {3}COMM {7}LADDR {11}LPORT RADDR {11}RPORT TX_KB RX_KB MS {9}RHOST$/,
        /^{client} +tcp-client 127\.0\.0\.1 {7}\d+ +127\.0\.0\.7 {7}9 {9}0 {5}0 \d+\.\d\d +stream\.test$/,
        /^{client} +tcp-client 127\.0\.0\.1 {7}\d+ +127\.0\.0\.8 {7}9 {9}0 {5}0 \d+\.\d\d +-$/,
      ],
    },
    { name: "-D hides other ports", args: ["-D", "1"], work, rows: [] },
    {
      name: "--netns shows both ends of a namespace's connections",
      args: ["--netns", "{netns}"],
      work,
      of: inNetns,
      counts: [[{ pid: "{client}", netns: "{netns}" }, 110], [
        { pid: "{server}", netns: "{netns}" },
        110,
      ]],
    },
    { name: "--netns hides others", args: ["--netns", "1"], work, of: inNetns, rows: [] },
    {
      name: "--print-netns widens bcc's table",
      args: ["--print-netns"],
      work: tcp("exchange=6:1:1:1:client"),
      lines: [
        /^PID {3}COMM {7}LADDR {11}LPORT RADDR {11}RPORT TX_KB RX_KB MS {9}NETNS$/,
        /^{client} +tcp-client ::1 {13}\d{5} ::1 {13}{port} +0 {5}0 \d+\.\d\d +{netns}$/,
      ],
    },
  ],
  filters: { work, expect: 110 },
  anywhere: TCP_EVENTS,
});
