import { defineCases, times } from "../../tests/support/cases.ts";
import { TCP_EVENTS } from "../../tests/support/hidden_events.ts";
import { namedSteps, namesFound, tcp } from "../../tests/support/jobs.ts";

const work = tcp("exchange=4:97:1:1:client", "exchange=6:13:1:1:client", "refused=4:3");

export default defineCases({
  usage: {
    names: "-t -p -P -4 -6 -L -U -u -c -d -h --timestamp --pid --port --ipv4 --ipv6 --lport " +
      "--print-uid --uid --count --cgroupmap --mntnsmap --dns --json --duration",
    wrong: [
      [["-c", "-d"], /use either -c\/--count or -d\/--dns/],
      [["-4", "-6"], /use either -4\/--ipv4 or -6\/--ipv6, not both/],
      [["-P", "http"], /invalid value "http" for -P\/--port: expected at most 64 ports/],
      [["-u", "nobody"], /invalid value "nobody" for -u\/--uid/],
    ],
  },
  cases: [
    {
      name: "shows 110 connections and 3 refused ones, exactly and in order",
      canary: true,
      work,
      rows: [
        ...times(97, { comm: "tcp-client", ip: 4, saddr: "127.0.0.1", daddr: "127.0.0.1" }),
        ...times(13, { comm: "tcp-client", ip: 6, saddr: "::1", daddr: "::1" }),
        ...times(3, { comm: "tcp-client", ip: 4, saddr: "127.0.0.1", daddr: "127.0.0.1" }),
      ],
    },
    {
      name: "-d names the remote host by the answers that the process itself received, in all ways",
      args: ["-d", "-P", "9"],
      work: tcp(...namedSteps),
      rows: namesFound.map((query) => ({ query })),
    },
    { name: "-P hides other ports", args: ["-P", "1"], work, rows: [] },
  ],
  filters: { work, expect: 113 },
  anywhere: TCP_EVENTS,
});
