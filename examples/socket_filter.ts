/**
 * Prints the UDP datagrams from and to one port that pass a network interface, until Ctrl-C. On the
 * loopback interface each is seen twice, going out and coming in.
 *
 *     sudo deno run -A examples/socket_filter.ts eth0 53
 *     sudo bun examples/socket_filter.ts eth0 53
 *
 *     192.0.2.7:40131 > 192.0.2.1:53, 28 bytes
 *
 * It teaches: a socket filter that parses headers with bcc's cursor_advance(), and reading packets.
 */

import { Bpf, ipv4, struct, u16be, u8 } from "../mod.ts";

const [name, port] = process.argv.slice(2);
if (name === undefined || !/^\d+$/.test(port ?? "")) {
  console.error("Usage: socket_filter.ts INTERFACE PORT");
  process.exit(2);
}

const ETHERNET = 14;
const Ip = struct("ip", {
  versionAndWords: u8,
  service: u8,
  length: u16be,
  id: u16be,
  fragment: u16be,
  hops: u8,
  protocol: u8,
  checksum: u16be,
  from: ipv4,
  to: ipv4,
});
const Udp = struct("udp", { from: u16be, to: u16be, length: u16be, checksum: u16be });

using bpf = Bpf.compile(
  `
  #include <bcc/proto.h>

  #define IPV4 0x0800
  #define UDP 17

  // Returns how many bytes of a packet the socket receives: none or all.
  int only_port(struct __sk_buff *skb) {
    u8 *cursor = 0;
    struct ethernet_t *ethernet = cursor_advance(cursor, sizeof(*ethernet));
    if (ethernet->type != IPV4)
      return 0;
    struct ip_t *ip = cursor_advance(cursor, sizeof(*ip));
    // A fragment but the first has no UDP header.
    if (ip->nextp != UDP || ip->foffset != 0)
      return 0;
    u32 options = (ip->hlen << 2) - sizeof(*ip);
    cursor_advance(cursor, options);
    struct udp_t *udp = cursor_advance(cursor, sizeof(*udp));
    return udp->sport == PORT || udp->dport == PORT ? -1 : 0;
  }
`,
  { cflags: [`-DPORT=${port}`] },
);

const packets = bpf.program("only_port").attachRawSocket(name);
process.once("SIGINT", () => packets.close());
if (process.env.TSBCC_READY === "1") console.error("ready");

for await (const packet of packets) {
  const view = new DataView(packet.buffer);
  const ip = Ip.read(view, ETHERNET);
  const words = ip.versionAndWords & 15;
  const udp = Udp.read(view, ETHERNET + words * 4);
  console.log(`${ip.from}:${udp.from} > ${ip.to}:${udp.to}, ${udp.length - Udp.size} bytes`);
}
if (packets.dropped > 0) console.error(`${packets.dropped} packets were dropped`);
