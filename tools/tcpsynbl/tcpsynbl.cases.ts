import { defineCases, type Row } from "../../tests/support/cases.ts";
import { TCP_EVENTS } from "../../tests/support/hidden_events.ts";
import { tcp } from "../../tests/support/jobs.ts";

/** The abandoned connections are not accepted: each finds one more in the queue of 8 before it. */
const work = tcp("abandoned=4:7", "abandoned=6:3", "abandoned=m:2", "exchange=4:11:1:1:client");
const mine = ["--netns", "{netns}"];

const HISTOGRAMS = (row: Row) => row.record === "histogram";
const histogram = (...counts: readonly number[]) => ({
  backlog_max: 8,
  value: "backlog",
  // As in bcc, the first bucket holds 0 and 1.
  buckets: counts.map((count, i) => ({ low: i && 2 ** i, high: 2 ** (i + 1) - 1, count })),
});

export default defineCases({
  usage: {
    names: "-4 -6 -h --ipv4 --ipv6 --netns --json --duration interval count",
    wrong: [[["-4", "-6"], /use either -4\/--ipv4 or -6\/--ipv6, not both/]],
  },
  cases: [
    {
      name: "shows how many waited before each of 23 connections, exactly",
      canary: true,
      args: mine,
      work,
      of: HISTOGRAMS,
      rows: [histogram(11 + 2 + 2 + 2, 2 + 1, 3)],
    },
    {
      name: "-4 hides IPv6",
      args: [...mine, "-4"],
      work,
      of: HISTOGRAMS,
      rows: [histogram(13, 2, 3)],
    },
    { name: "-6 hides IPv4", args: [...mine, "-6"], work, of: HISTOGRAMS, rows: [histogram(4, 1)] },
    { name: "--netns hides others", args: ["--netns", "1"], work, of: HISTOGRAMS, rows: [] },
    {
      name: "prints bcc's histogram",
      args: mine,
      work: tcp("abandoned=4:7"),
      lines: [
        /^Tracing SYN backlog size\. Ctrl-C to end\.$/,
        /^backlog_max = 8$/,
        /^ {5}backlog {13}: count {5}distribution$/,
        /^ {9}4 -> 7 {10}: 3 {8}\|\*{40}\|$/,
      ],
    },
  ],
  anywhere: TCP_EVENTS,
});
