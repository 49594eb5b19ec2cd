import { defineCases, times } from "../../tests/support/cases.ts";
import { tcp } from "../../tests/support/jobs.ts";

const work = tcp("exchange=4:97:1:1:client", "exchange=6:13:1:1:client");

export default defineCases({
  cases: [
    {
      name: "shows 97 and 13 accepted connections, exactly and in order",
      canary: true,
      work,
      of: (row, { names }) => row.pid === names.server,
      rows: [
        ...times(97, { comm: "tcp-server", ip: 4, raddr: "127.0.0.1", laddr: "127.0.0.1" }),
        ...times(13, { comm: "tcp-server", ip: 6, raddr: "::1", laddr: "::1" }),
      ],
    },
    {
      name: "-6 hides IPv4",
      args: ["-6"],
      work,
      of: (row, { names }) => row.pid === names.server && row.ip === 4,
      rows: [],
    },
  ],
  filters: {
    // The filters are of who accepts.
    work: {
      start: async (dir) => {
        const job = await ("start" in work ? work.start(dir) : undefined)!;
        return { ...job, pid: Number(job.names!.server) };
      },
    },
    expect: 110,
  },
});
