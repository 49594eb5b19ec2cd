import {
  type CaseContext,
  defineCases,
  histogramTotal,
  type Row,
} from "../../tests/support/cases.ts";
import { TCP_EVENTS } from "../../tests/support/hidden_events.ts";
import { tcp } from "../../tests/support/jobs.ts";

const work = tcp("exchange=4:31:1000:1000:client", "exchange=6:7:1000:1000:client");
const mine = ["--netns", "{netns}"];
const HISTOGRAMS = (row: Row) => row.record === "histogram";

/** Checks the least number of samples: each end receives at least data or an acknowledgement. */
const least = (...counts: readonly number[]) => (rows: readonly Row[], _: CaseContext) => {
  const totals = rows.map((row) => histogramTotal([row]));
  const isEnough = totals.length === counts.length &&
    totals.every((total, i) => total >= counts[i]!);
  if (!isEnough || rows.some(({ average }) => !(Number(average) > 0))) {
    throw new Error(JSON.stringify(rows));
  }
};

const none = (name: string, ...args: readonly string[]) => ({
  name: `${name} hides others`,
  args: [...mine, ...args],
  work,
  of: HISTOGRAMS,
  rows: [],
});

export default defineCases({
  usage: {
    names:
      "-D --debug -i -d -T -m -p -P -a -A -b -B -e -4 -6 -h --interval --duration --timestamp " +
      "--milliseconds --lport --rport --laddr --raddr --byladdr --byraddr --extension --ipv4 --ipv6 " +
      "--netns --json",
    wrong: [
      [["-4", "-a", "::1"], /^-4\/--ipv4 hides the IPv6 address of -a\/--laddr$/],
      [
        ["-a", "::ffff:127.0.0.1", "-A", "::1"],
        /^-a\/--laddr is an IPv4 address and -A\/--raddr an IPv6 one: no connection has both$/,
      ],
      [["-4", "-6"], /use either -4\/--ipv4 or -6\/--ipv6, not both/],
      [
        ["-b", "-B"],
        /use either -b\/--byladdr or -B\/--byraddr, not both/,
      ],
      [
        ["-a", "localhost"],
        /invalid value "localhost" for -a\/--laddr: expected an IPv4 or IPv6/,
      ],
    ],
  },
  elsewhere: "tests/tools/tcprtt_test.ts compares the sums of several runs with each other exactly",
  cases: [
    {
      name: "shows packets of both ends of 38 connections",
      canary: true,
      args: mine,
      work,
      of: HISTOGRAMS,
      check: least(2 * 38),
    },
    none("-p", "-p", "1"),
    none("-P", "-P", "1"),
    none("-a", "-a", "127.0.0.2"),
    none("-A", "-A", "::2"),
    none("-6 with an IPv4 address", "-6", "-a", "127.0.0.1"),
    { name: "--netns hides others", args: ["--netns", "1"], work, of: HISTOGRAMS, rows: [] },
    {
      name: "prints bcc's histogram",
      args: [...mine, "-T", "-e", "-B"],
      work: tcp("exchange=4:31:1000:1000:client"),
      lines: [
        /^Tracing TCP RTT\.\.\. Hit Ctrl-C to end\.$/,
        /^\d\d:\d\d:\d\d$/,
        /^Remote Address = 127\.0\.0\.1 \[AVG \d+\]$/,
        /^ {5}usecs {15}: count {5}distribution$/,
      ],
    },
  ],
  anywhere: TCP_EVENTS,
});
