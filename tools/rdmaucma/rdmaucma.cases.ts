import { execFileSync } from "node:child_process";
import { defineCases, type IsOf, type Work } from "../../tests/support/cases.ts";
import { buildProgram } from "../../tests/support/build.ts";
import type { Feature } from "../../tests/support/requires.ts";
import { Script } from "../../tests/support/script.ts";

const PORT = 7471;
const ADDRESSES = { 4: "192.0.2.77", 6: "2001:db8::77" };

/** RDMA in software on an interface of the machine's, which is a guest and ends with the test. */
const rejected = (ip: 4 | 6, count: number): Work => ({
  start() {
    // In a guest the kernel finds no modprobe of its own: rdma_rxe asks for crc32.
    const script = `modprobe -a dummy crc32_generic rdma_rxe rdma_ucm
      ip link show rdma0 > /dev/null 2>&1 && exit
      ip link add rdma0 type dummy && ip link set rdma0 up && ip addr add 192.0.2.77/24 dev rdma0 &&
      ip addr add 2001:db8::77/64 dev rdma0 nodad && rdma link add rxe0 type rxe netdev rdma0`;
    execFileSync("sh", ["-c", script], { stdio: ["ignore", "ignore", "inherit"] });
    return Script.of([buildProgram("rdma.c"), ADDRESSES[ip], String(count)]);
  },
});

/** Each end is told of two events: those of who connects know the port that is connected to. */
const events = (ip: 4 | 6, count: number) =>
  [
    { event: "address resolved", rport: PORT },
    { event: "route resolved", rport: PORT },
    { event: "connect request", lport: PORT },
    { event: "rejected", rport: PORT },
  ].map(({ event, rport, lport }) =>
    [
      { event, family: ip, laddr: ADDRESSES[ip], raddr: ADDRESSES[ip] },
      count,
      rport,
      lport,
    ] as const
  );

const all: IsOf = (row) => "event" in row;
const requires: readonly Feature[] = ["modules"];

export default defineCases({
  usage: {
    names: "-D --debug -h -4 -6 -L -R -b -d --json",
    wrong: [[["-4", "-6"], /use either -4/]],
  },
  cases: ([4, 6] as const).map((ip) => ({
    name: `shows the events of 7 IPv${ip} connections that are rejected, exactly`,
    // No canary: under the load of its day no guest came to the end of it.
    requires,
    work: rejected(ip, 7),
    of: all,
    counts: events(ip, 7).map(([row, count]) => [row, count] as const),
    check(rows) {
      for (const [{ event }, , rport, lport] of events(ip, 7)) {
        const wrong = rows.find((row) =>
          row.event === event && (rport ? row.rport !== rport : row.lport !== lport)
        );
        if (wrong) throw new Error(JSON.stringify(wrong));
      }
    },
  })),
});
