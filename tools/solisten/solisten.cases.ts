import { defineCases, times } from "../../tests/support/cases.ts";
import { sockets } from "../../tests/support/jobs.ts";

const listen = (kind: string, address: string, backlog: number) => [
  `socket=${kind}`,
  `bind=${address}`,
  `listen=${backlog}`,
];

const many = [...listen("tcp4", "127.0.0.1,4242", 5), "times=97,listen=7"];
const work = sockets(...many, ...listen("tcp6", "::1,4243", 11), "times=13,listen=17");

export default defineCases({
  usage: {
    names: "-p -n --show-netns --pid --netns -h --cgroup --cgroupmap --mntnsmap --json --duration",
    wrong: [[["-n", "x"], /invalid value "x" for -n\/--netns/], [["80"], /80/]],
  },
  cases: [
    {
      name: "shows 98 and 14 calls, exactly and in order",
      canary: true,
      work,
      rows: [
        { comm: "sockets", proto: "TCPv4", backlog: 5, port: 4242, ret: 0, addr: "127.0.0.1" },
        ...times(97, {
          ...{ comm: "sockets", proto: "TCPv4", backlog: 7, port: 4242, ret: 0, addr: "127.0.0.1" },
        }),
        { comm: "sockets", proto: "TCPv6", backlog: 11, port: 4243, ret: 0, addr: "::1" },
        ...times(13, {
          ...{ comm: "sockets", proto: "TCPv6", backlog: 17, port: 4243, ret: 0, addr: "::1" },
        }),
      ],
    },
    {
      name:
        "shows mapped and any addresses, MPTCP and calls that fail; no datagrams, no unix sockets",
      canary: true,
      requires: ["mptcp"],
      work: sockets(
        ...listen("tcp6", "::ffff:127.0.0.1,80", 1),
        ...listen("tcp6", "::,81", 2),
        ...listen("mptcp4", "0.0.0.0,82", 511),
        // With SO_REUSEADDR two sockets may be bound to an address while neither listens: the
        // second listen() fails with EADDRINUSE (-98).
        ...["socket=tcp4", "option=reuseaddr", "bind=127.0.0.3,83"],
        ...["socket=tcp4", "option=reuseaddr", "bind=127.0.0.3,83", "listen=3"],
        ...["before=", "listen=4"],
        ...["socket=tcp4", "listen=5"],
        ...listen("udp4", "127.0.0.1,84", 6),
        ...["socket=unix", "bind=tsbcc-nobody-is-this", "listen=7"],
      ),
      rows: [
        { proto: "TCPv6", backlog: 1, addr: "::ffff:127.0.0.1", ret: 0 },
        { proto: "TCPv6", backlog: 2, addr: "::", ret: 0 },
        { proto: "MPTCPv4", backlog: 511, addr: "0.0.0.0", ret: 0 },
        { proto: "TCPv4", backlog: 3, addr: "127.0.0.3", ret: 0 },
        { proto: "TCPv4", backlog: 4, addr: "127.0.0.3", ret: -98 },
        { proto: "TCPv4", backlog: 5, addr: "0.0.0.0", ret: 0 },
      ],
      check(rows) {
        const ports = rows.map(({ port }) => port);
        const isChosen = Number(ports.pop()) > 0;
        if (ports.join() !== "80,81,82,83,83" || !isChosen) throw new Error(JSON.stringify(rows));
      },
    },
    {
      name: "-n shows a network namespace",
      args: ["-n", "{netns}"],
      work: sockets(...listen("tcp4", "127.0.0.1,80", 5)),
      rows: [{ netns: "{netns}", port: 80 }],
    },
    { name: "-n hides others", args: ["-n", "1"], work, rows: [] },
    {
      name: "prints bcc's table",
      args: ["--show-netns", "--ret", "-p", "{pid}"],
      work,
      lines: [
        /^PID {5}COMM {9}NETNS {8}PROTO {2}BACKLOG {2}PORT {2}RET {2}ADDR$/,
        /^{pid} +sockets {6}{netns} +TCPv6 {2}17 {7}4243 {2}0 {4}::1$/,
      ],
    },
  ],
  filters: { work, expect: 112 },
});
