import { defineCases, times } from "../../tests/support/cases.ts";
import { TCP_EVENTS } from "../../tests/support/hidden_events.ts";
import { tcpServer } from "../../tests/support/jobs.ts";

const work = tcpServer("exchange=4:97:1:1:client", "exchange=6:13:1:1:client");

export default defineCases({
  cases: [
    {
      name: "shows 97 and 13 accepted connections, exactly and in order",
      canary: true,
      work,
      rows: [
        ...times(97, { comm: "tcp-server", ip: 4, raddr: "127.0.0.1", laddr: "127.0.0.1" }),
        ...times(13, { comm: "tcp-server", ip: 6, raddr: "::1", laddr: "::1" }),
      ],
    },
    {
      name: "-6 hides IPv4",
      args: ["-6"],
      work,
      of: (row, { pid }) => row.pid === pid && row.ip === 4,
      rows: [],
    },
  ],
  filters: { work, expect: 110 },
  anywhere: TCP_EVENTS,
});
