/**
 * Counts the packets that arrive at a network interface by protocol, until Ctrl-C, and drops those
 * of one protocol if asked to.
 *
 *     sudo deno run -A examples/xdp_drop_count.ts eth0
 *     sudo bun examples/xdp_drop_count.ts eth0 icmp
 *
 *        PACKETS PROTOCOL
 *             12 icmp, dropped
 *            340 tcp
 *
 * It teaches: XDP, reading packets in place, a per-CPU array, constants passed to the compiler.
 */

import { Bpf, sum, u32, u64 } from "../mod.ts";

/** Numbers of IP protocols (IANA); others are given and printed as numbers. */
const PROTOCOLS: Record<string, number> = { icmp: 1, igmp: 2, tcp: 6, udp: 17, icmpv6: 58 };

const [name, protocol = "none"] = process.argv.slice(2);
const dropped = protocol === "none" ? 256 : PROTOCOLS[protocol] ?? Number(protocol);
if (name === undefined || !Number.isInteger(dropped)) {
  console.error("Usage: xdp_drop_count.ts INTERFACE [icmp|igmp|tcp|udp|icmpv6|NUMBER]");
  process.exit(2);
}

using bpf = Bpf.compile(
  `
  #include <linux/bpf.h>
  #include <linux/if_ether.h>
  #include <linux/ip.h>
  #include <linux/ipv6.h>

  BPF_PERCPU_ARRAY(packets, u64, 256);

  int count(struct xdp_md *ctx) {
    void *data = (void *)(long)ctx->data, *end = (void *)(long)ctx->data_end;
    struct ethhdr *eth = data;
    struct iphdr *ip = data + sizeof(*eth);
    struct ipv6hdr *ipv6 = data + sizeof(*eth);
    u32 protocol;

    // The verifier wants to see that nothing behind the packet's end is read.
    if ((void *)(eth + 1) > end)
      return XDP_PASS;
    if (eth->h_proto == htons(ETH_P_IP) && (void *)(ip + 1) <= end)
      protocol = ip->protocol;
    else if (eth->h_proto == htons(ETH_P_IPV6) && (void *)(ipv6 + 1) <= end)
      protocol = ipv6->nexthdr;
    else
      return XDP_PASS;

    packets.increment(protocol);
    return protocol == DROPPED ? XDP_DROP : XDP_PASS;
  }
`,
  { cflags: [`-DDROPPED=${dropped}`] },
);

const interrupted = new Promise((resolve) => process.once("SIGINT", resolve));
const link = bpf.program("count").attachXdp(name);
if (process.env.TSBCC_READY === "1") console.error("ready");
console.log(`Counting packets on ${name}, Ctrl-C to end`);

// A pending promise does not keep the process alive; a timer does.
const awake = setInterval(() => {}, 2 ** 30);
await interrupted;
clearInterval(awake);
link.close();

console.log("   PACKETS PROTOCOL");
for (const [number, perCpu] of bpf.perCpuMap("packets", u32, u64.asNumber)) {
  const packets = sum(perCpu);
  if (packets === 0) continue;
  const title = Object.keys(PROTOCOLS).find((key) => PROTOCOLS[key] === number) ?? number;
  console.log(`${String(packets).padStart(10)} ${title}${number === dropped ? ", dropped" : ""}`);
}
