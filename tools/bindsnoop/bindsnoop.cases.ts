import { defineCases, times } from "../../tests/support/cases.ts";
import { sockets } from "../../tests/support/jobs.ts";

const bind = (kind: string, address: string, ...options: readonly string[]) => [
  `socket=${kind}`,
  ...options.map((name) => name === "lo" ? "device=lo" : `option=${name}`),
  `bind=${address}`,
];

const many = Array.from({ length: 97 }, () => bind("udp4", "127.0.0.1,0")).flat();
const some = Array.from({ length: 13 }, () => bind("tcp6", "::1,0")).flat();
const work = sockets(...many, ...some);

const kinds = sockets(
  ...bind("tcp4", "0.0.0.0,80", "reuseaddr", "reuseport"),
  ...bind("udp4", "192.0.2.7,53", "freebind"),
  ...bind("tcp4", "198.51.100.7,81", "transparent"),
  ...bind("tcp4", "127.0.0.1,0", "noport"),
  ...bind("tcp6", "::,8080", "reuseaddr"),
  ...bind("udp6", "::ffff:127.0.0.1,5353", "lo"),
  ...bind("mptcp4", "127.0.0.2,82"),
  ...bind("tcp4", "127.0.0.1,80"), // EADDRINUSE
  ...bind("tcp4", "192.0.2.1,83"), // EADDRNOTAVAIL
  ...bind("tcp6", "2001:db8::1,84"), // the same
  "bind=::1,85", // the same socket again, now to an address of this machine
  "bind=::1,86", // EINVAL: the socket is bound already
  ...bind("unix", "tsbcc-nobody-is-this"),
);

/** The expected rows, in the order of {@linkcode kinds}. */
const bound = [
  { prot: "TCP", addr: "0.0.0.0", port: 80, opts: "...Rr", if: 0 },
  { prot: "UDP", addr: "192.0.2.7", port: 53, opts: "F....", if: 0 },
  { prot: "TCP", addr: "198.51.100.7", port: 81, opts: ".T...", if: 0 },
  { prot: "TCP", addr: "127.0.0.1", port: 0, opts: "..N..", if: 0 },
  { prot: "TCP", addr: "::", port: 8080, opts: "...R.", if: 0 },
  { prot: "UDP", addr: "::ffff:127.0.0.1", port: 5353, opts: ".....", if: 1 },
  { prot: "MPTCP", addr: "127.0.0.2", port: 82, opts: ".....", if: 0 },
  { prot: "TCP", addr: "::1", port: 85, opts: ".....", if: 0 },
].map((row) => ({ ...row, rc: 0 }));
const failed = [
  { prot: "TCP", addr: "127.0.0.1", port: 80, rc: -98 },
  { prot: "TCP", addr: "192.0.2.1", port: 83, rc: -99 },
  { prot: "TCP", addr: "2001:db8::1", port: 84, rc: -99 },
  { prot: "TCP", addr: "::1", port: 86, rc: -22 },
].map((row) => ({ ...row, opts: ".....", if: 0 }));

export default defineCases({
  usage: {
    names: "-t -w -p -P -E -U -u --count -h --timestamp --wide --pid --port --errors --print-uid " +
      "--uid --cgroup --cgroupmap --mntnsmap --pidns --container --json --duration",
    wrong: [[["-4", "-6"], /use either -4\/--ipv4 or -6\/--ipv6, not both/], [
      ["-P", "0"],
      /invalid value "0" for -P\/--port: expected at most 64/,
    ]],
  },
  cases: [
    {
      name: "shows 97 and 13 binds to ports that the kernel chooses, exactly and in order",
      canary: true,
      work,
      rows: [
        ...times(97, { comm: "sockets", prot: "UDP", addr: "127.0.0.1", netns: "{netns}" }),
        ...times(13, { comm: "sockets", prot: "TCP", addr: "::1", netns: "{netns}" }),
      ],
      check(rows) {
        if (rows.some(({ port }) => !(Number(port) > 0))) throw new Error(JSON.stringify(rows));
      },
    },
    {
      name:
        "shows addresses, options and interfaces of all kinds of sockets, not those that failed",
      canary: true,
      requires: ["mptcp"],
      work: kinds,
      rows: bound,
    },
    {
      name: "-E shows calls that failed too, as they were asked for",
      args: ["-E"],
      work: kinds,
      rows: [...bound.slice(0, 7), ...failed.slice(0, 3), ...bound.slice(7), ...failed.slice(3)],
    },
    {
      name: "-P shows some ports only",
      args: ["-P", "53,8080", "-E"],
      work: kinds,
      rows: [bound[1]!, bound[4]!],
    },
    { name: "-4 hides IPv6", args: ["-4", "-P", "53,8080"], work: kinds, rows: [bound[1]!] },
    { name: "-6 hides IPv4", args: ["-6", "-P", "53,8080"], work: kinds, rows: [bound[4]!] },
    {
      name: "--netns shows a namespace",
      args: ["--netns", "{netns}", "-P", "53"],
      work: kinds,
      rows: [{ netns: "{netns}" }],
    },
    { name: "--netns hides others", args: ["--netns", "1"], work: kinds, rows: [] },
    {
      name: "--count counts by address and port",
      args: ["--count", "-E"],
      work: sockets(
        ...bind("udp4", "127.0.0.1,53"),
        "times=5,bind=127.0.0.1,54",
      ),
      of: (row, { names }) => row.netns === names.netns,
      rows: [
        { laddr: "127.0.0.1", lport: 54, binds: 5 },
        { laddr: "127.0.0.1", lport: 53, binds: 1 },
      ],
    },
    {
      name: "prints bcc's table",
      args: ["-E", "-p", "{pid}"],
      work: kinds,
      lines: [
        /^Tracing binds \.\.\. Hit Ctrl-C to end$/,
        /^ RC {6}PID COMM {9}PROT ADDR {12}PORT {3}OPTS IF$/,
        /^ {2}0 +{pid} sockets {6}TCP {2}0\.0\.0\.0 {12}80 \.\.\.Rr {2}0$/,
        /^-98 +{pid} sockets {6}TCP {2}127\.0\.0\.1 {10}80 \.{5} {2}0$/,
      ],
    },
    {
      name: "-w names errors and has room for IPv6",
      args: ["-wE"],
      work: kinds,
      lines: [/^EADDRNOTAVAIL {3} +{pid} sockets {6}TCP {2}2001:db8::1 {28} {4}84 \.{5} {2}0$/],
    },
  ],
  filters: { work, expect: 110 },
});
