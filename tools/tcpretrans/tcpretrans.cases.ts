import { defineCases, type Row } from "../../tests/support/cases.ts";
import { TCP_EVENTS } from "../../tests/support/hidden_events.ts";
import { tcp } from "../../tests/support/jobs.ts";

const work = tcp("unanswered=4:3", "unanswered=6:2");
const isFar = ({ raddr }: Row) => raddr === "198.51.100.1" || raddr === "2001:db8:1::1";
const isSyn = (rows: readonly Row[]) => {
  const ends = new Set(rows.map(({ laddr, lport }) => `${laddr} ${lport}`));
  if (ends.size !== 5) throw new Error([...ends].join("\n"));
  if (!rows.every(({ state, type }) => state === "SYN_SENT" && type === "R")) {
    throw new Error(JSON.stringify(rows));
  }
};

export default defineCases({
  usage: {
    names: "-s -l -c -4 -6 -h --sequence --lossprobe --count --ipv4 --ipv6 --json --duration",
    wrong: [[["-4", "-6"], /use either -4\/--ipv4 or -6\/--ipv6, not both/]],
  },
  cases: [
    {
      name: "shows segments of five connections that nobody answers",
      canary: true,
      work,
      of: isFar,
      check: isSyn,
    },
    {
      name: "-6 hides IPv4",
      args: ["-6"],
      work,
      of: (row) => isFar(row) && row.ip === 4,
      rows: [],
    },
  ],
  unfiltered: "tests/tools/tcpretrans_test.ts: sockets belong to the cgroup of who made them",
  anywhere: TCP_EVENTS,
});
