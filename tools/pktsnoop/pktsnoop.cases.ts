import { type CaseContext, defineCases, type IsOf, type Row } from "../../tests/support/cases.ts";
import { TCP_EVENTS } from "../../tests/support/hidden_events.ts";
import { inNetns, tcp } from "../../tests/support/jobs.ts";

/** The hooks that a SYN to a closed port passes. */
const LOST = ["net_dev_queue", "net_dev_start_xmit", "netif_rx", "netif_receive_skb", "kfree_skb"];
/** Hook, interface and namespace of a SYN from one network namespace to another by a veth pair. */
const CROSSING = [
  "net_dev_queue near ours",
  "net_dev_start_xmit near ours",
  "netif_rx far another",
  "netif_receive_skb far another",
];
const EVENTS = [
  ...TCP_EVENTS,
  "net/net_dev_queue",
  "net/net_dev_start_xmit",
  "net/netif_rx",
  "net/netif_receive_skb",
];

/** Expects `count` rows like `row` at each hook. */
const at = (places: readonly string[], count: number, row: Row) =>
  places.map((place) => [{ ...row, place }, count] as const);

const syn = (count: number, ip: 4 | 6, address: string) =>
  LOST.map((place) =>
    [{
      ...{ place, ip, proto: "TCP", saddr: address, daddr: address, dport: 9, flags: "SYN" },
      reason: place === "kfree_skb" ? "NO_SOCKET" : null,
    }, count] as const
  );

/** Checks that every packet passes the hooks in order. */
function checkOrder(rows: readonly Row[]): void {
  const packets = Map.groupBy(rows, ({ ip, sport }) => `${ip} ${sport}`);
  for (const packet of packets.values()) {
    const places = packet.map(({ place }) => place);
    if (places.join() !== LOST.join()) throw new Error(places.join());
  }
}

/** Checks that packets leave one namespace by `near` and enter the other by `far`. */
function checkCrossing(rows: readonly Row[], { names }: CaseContext): void {
  const packets = [...Map.groupBy(rows, ({ sport }) => sport).values()];
  const ways = packets.map((packet) =>
    packet.map(({ place, iface, netns }) =>
      `${place} ${iface} ${netns === names.netns ? "ours" : "another"}`
    ).join()
  );
  const expected = Array<string>(7).fill(CROSSING.join());
  if (ways.join("\n") !== expected.join("\n")) throw new Error(JSON.stringify(ways));
}

const isSyn: IsOf = (row, context) => inNetns(row, context) && row.flags === "SYN";

export default defineCases({
  anywhere: EVENTS,
  usage: {
    names: "-a -s -D -P --sport --dport --protocol -4 -6 --netns --drops -f -S -c -d -b --json",
    wrong: [
      [["-a", "example.org"], /expected subnets such as/],
      [["-s", "10.0.0.0/33"], /expected subnets such as/],
      [["--protocol", "tcp,nothing"], /expected protocols above IP/],
      [["--protocol", "256"], /expected protocols above IP/],
      [["-P", "65536"], /expected at most 64 ports from 1 to 65535/],
      [["-4", "-6"], /use either -4\/--ipv4 or -6\/--ipv6/],
      [["-4", "-a", "::1"], /^-4\/--ipv4 hides the IPv6 address of -a\/--address$/],
      [["-6", "-s", "10.0.0.0/8"], /^-6\/--ipv6 hides the IPv4 address of -s\/--source$/],
      [
        ["-s", "::1", "-D", "127.0.0.1"],
        /^-s\/--source is an IPv6 address and -D\/--destination an IPv4 one: no packet has both$/,
      ],
      [["-f", "("], /invalid value "\(" for -f\/--functions/],
      [["-c", "0"], /expected a number of rows/],
    ],
  },
  cases: [
    {
      name: "shows the way of 53 packets that nobody listens for, exactly and in order",
      canary: true,
      args: ["--netns", "{netns}", "--dport", "9"],
      work: tcp("refused=4:40", "refused=6:13"),
      of: inNetns,
      counts: [...syn(40, 4, "127.0.0.1"), ...syn(13, 6, "::1")],
      check: checkOrder,
    },
    {
      name: "shows data being taken by a connection and given to a process",
      args: ["--netns", "{netns}", "--dport", "{port}"],
      work: tcp("exchange=4:7:5:1:client"),
      of: (row, context) => inNetns(row, context) && row.flags === "PSH|ACK",
      check(rows, { names }) {
        const given = rows.filter(({ place }) => place === "skb_copy_datagram_iovec");
        const taken = rows.filter(({ place }) => place === "tcp_probe");
        const isRight = given.length === 7 && taken.length === 7 &&
          given.every(({ pid, len }) => pid === names.server && len === 5);
        if (!isRight) throw new Error(JSON.stringify(rows));
      },
    },
    {
      name: "shows a packet's way from one network namespace into another",
      args: ["--dport", "{port}", "--protocol", "tcp", "-a", "203.0.113.2"],
      work: tcp("peer=/run/netns/peer", "exchange=v:7:1:1:client"),
      of: ({ flags, daddr, place }) =>
        flags === "SYN" && daddr === "203.0.113.2" && place !== "consume_skb",
      check: checkCrossing,
    },
    {
      name: "-f shows packets at functions of the kernel",
      canary: true,
      requires: ["kprobe"],
      args: ["--netns", "{netns}", "--dport", "9", "-f", "^(ip_rcv|ipv6_rcv|tcp_v4_rcv)$"],
      work: tcp("refused=4:11", "refused=6:5"),
      of: isSyn,
      counts: [
        ...at(LOST, 11, { ip: 4 }),
        ...at(LOST, 5, { ip: 6 }),
        ...at(["ip_rcv", "tcp_v4_rcv"], 11, { ip: 4 }),
        ...at(["ipv6_rcv"], 5, { ip: 6 }),
      ],
    },
    {
      name: "--drops and -S show what is dropped, and the stack",
      args: ["--netns", "{netns}", "--drops", "-S", "-P", "1,9", "--protocol", "tcp"],
      work: tcp("refused=4:7"),
      of: isSyn,
      counts: [[{ place: "kfree_skb", reason: "NO_SOCKET" }, 7]],
      check(rows) {
        const wrong = rows.find(({ stack }) =>
          !(stack as string[]).some((name) => /^tcp_v4_rcv\+/.test(name))
        );
        if (wrong) throw new Error(JSON.stringify(wrong));
      },
    },
    ...[
      ["-a", "127.0.0.0/8"],
      ["-s", "127.0.0.1", "-D", "127.0.0.1/32", "-4"],
      ["--protocol", "17,TCP", "-P", "9"],
    ].map((args) => ({
      name: `${args.join(" ")} shows packets`,
      args: [...args, "--netns", "{netns}"],
      work: tcp("refused=4:3", "refused=6:2"),
      of: ((row, context) => isSyn(row, context) && row.ip === 4) as IsOf,
      counts: at(LOST, 3, {}),
    })),
    ...[
      ["-a", "127.0.0.2"],
      ["-s", "128.0.0.0/1"],
      ["-D", "::1"],
      ["--protocol", "udp,icmp"],
      ["--sport", "9"],
      ["--dport", "1"],
      ["-P", "1"],
      ["--netns", "1"],
    ].map((args) => ({
      name: `${args.join(" ")} hides others`,
      args,
      work: tcp("refused=4:3"),
      of: isSyn,
      rows: [],
    })),
    {
      name: "prints a table",
      args: ["--netns", "{netns}", "--dport", "9", "-c", "5"],
      work: tcp("refused=4:1"),
      lines: [
        /^TIME\(s\) {3}SKB {14}CPU PID {5}COMM {13}NETNS {6}IFACE {4}PROTO LEN {3}PLACE {20}PACKET$/,
        /^0\.000000 {2}[0-9a-f]{16} \d +\d+ +.{16} {netns} lo {7}TCP {3}\d+ +net_dev_queue {12}127\.0\.0\.1:\d+ > 127\.0\.0\.1:9 SYN$/,
        /^0\.\d{6} .* kfree_skb \(NO_SOCKET\) {4}127\.0\.0\.1:\d+ > 127\.0\.0\.1:9 SYN$/,
      ],
    },
  ],
});
