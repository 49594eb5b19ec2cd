import { defineCases, times } from "../../tests/support/cases.ts";
import { tcp } from "../../tests/support/jobs.ts";
import type { Feature } from "../../tests/support/requires.ts";

/** The program fails if the protocol of a socket is not the expected one (262: MPTCP, 6: TCP). */
const work = tcp("protocol=4:13:262", "protocol=6:7:262");
const untouched = tcp("protocol=4:13:6", "protocol=6:7:6");
const requires: readonly Feature[] = ["fentry", "socketProtocolHook"];

export default defineCases({
  usage: {
    names: "-h -t --targets -p --json --cgroup",
    wrong: [
      [["-t", ""], /expected at most 64 names of programs/],
      [["-t", "curl,"], /expected at most 64 names of programs/],
      [["-t", "a-name-of-16-bytes"], /of at most 15 bytes/],
    ],
  },
  cases: [
    {
      name: "makes MPTCP sockets of a program's TCP sockets, and shows each",
      canary: true,
      requires,
      args: ["-t", "other,tcp-client"],
      work,
      rows: [
        ...times(13, { comm: "tcp-client", ip: 4 }),
        ...times(7, { comm: "tcp-client", ip: 6 }),
      ],
    },
    {
      name: "leaves other programs alone",
      canary: true,
      requires,
      args: ["-t", "tcp-clien"],
      work: untouched,
      rows: [],
    },
    {
      name: "leaves other processes alone",
      canary: true,
      requires,
      args: ["-p", String(process.pid)], // the test process, which makes no TCP sockets
      work: untouched,
      rows: [],
    },
  ],
  unfiltered: "-p is in the cases above; the guests that have the hook run one case of a tool",
});
