import { execFileSync } from "node:child_process";
import {
  type Case,
  defineCases,
  type IsOf,
  type Row,
  type Work,
} from "../../tests/support/cases.ts";
import { buildProgram } from "../../tests/support/build.ts";
import { Script } from "../../tests/support/script.ts";

const PORT = 7471;
const ADDRESSES = { 4: "192.0.2.77", 6: "2001:db8::77" };
const COUNTS = { 4: 7, 6: 5 };
/** The status if a program rejects a connection: IB_CM_REJ_CONSUMER_DEFINED. */
const REASON = 28;

/** Connections over soft RoCE on a dummy interface, which stays: the guest ends with the test. */
const rejected: Work = {
  start() {
    // crc32_generic for rdma_rxe: in a guest the kernel cannot run modprobe for it.
    const script = `modprobe -a dummy crc32_generic rdma_rxe rdma_ucm
      ip link show rdma0 > /dev/null 2>&1 && exit
      ip link add rdma0 type dummy && ip link set rdma0 up &&
      ip addr add ${ADDRESSES[4]}/24 dev rdma0 &&
      ip addr add ${ADDRESSES[6]}/64 dev rdma0 nodad && rdma link add rxe0 type rxe netdev rdma0`;
    execFileSync("sh", ["-c", script], { stdio: ["ignore", "ignore", "inherit"] });
    const connections = ([4, 6] as const).flatMap((ip) => [ADDRESSES[ip], String(COUNTS[ip])]);
    return Script.of([buildProgram("rdma.c"), ...connections]);
  },
};

/** The events of the client, whose rows have the remote port. */
const CLIENT: readonly Row[] = [
  { event: "address resolved", rport: PORT, status: 0 },
  { event: "route resolved", rport: PORT, status: 0 },
  { event: "rejected", rport: PORT, status: REASON },
];
/** The event of the server, whose rows have the local port. */
const SERVER: Row = { event: "connect request", lport: PORT, status: 0 };

const all: IsOf = (row) => "event" in row;
/** Compares all rows, without the client's port, which is random. */
const expectEvents =
  (ips: readonly (4 | 6)[], events: readonly Row[]) => (rows: readonly Row[]): void => {
    const found = rows.map(({ event, family, laddr, raddr, lport, rport, status }) => {
      const ends = lport === PORT ? { lport } : { rport };
      return JSON.stringify([event, family, laddr, raddr, ends, status]);
    });
    const expected = ips.flatMap((ip) =>
      events.flatMap(({ event, status, ...ends }) => {
        const row = JSON.stringify([event, ip, ADDRESSES[ip], ADDRESSES[ip], ends, status]);
        return Array<string>(COUNTS[ip]).fill(row);
      })
    );
    const [is, ought] = [found, expected].map((each) => each.toSorted().join("\n"));
    if (is !== ought) throw new Error(`${is}\nnot\n${ought}`);
  };

/** Each case is a canary: only guests have RDMA. */
const inGuests = { work: rejected, of: all, canary: true, requires: ["modules"] } satisfies Partial<
  Case
>;

export default defineCases({
  usage: {
    names: "-D --debug -h -4 -6 -L -R -b -d --json",
    wrong: [[["-4", "-6"], /use either -4/]],
  },
  cases: [
    {
      name: "shows the events of 12 connections that are rejected, exactly",
      ...inGuests,
      check: expectEvents([4, 6], [...CLIENT, SERVER]),
    },
    {
      name: "-6 and -R show the end that connects by IPv6 and hide others",
      ...inGuests,
      args: ["-6", "-R", `1,${PORT}`],
      check: expectEvents([6], CLIENT),
    },
    {
      name: "-4 and -L show the end that listens by IPv4 and hide others",
      ...inGuests,
      args: ["-4", "-L", `${PORT}`],
      check: expectEvents([4], [SERVER]),
    },
  ],
});
