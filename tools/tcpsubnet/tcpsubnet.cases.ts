import { defineCases, type Row } from "../../tests/support/cases.ts";
import { TCP_EVENTS } from "../../tests/support/hidden_events.ts";
import { tcp } from "../../tests/support/jobs.ts";

const UP = 100_003;
const DOWN = 5003;
const exchange = (family: string, count: number) =>
  `exchange=${family}:${count}:${UP}:${DOWN}:client`;
const work = tcp(exchange("4", 7), exchange("6", 5), exchange("m", 3));
const ROWS = (row: Row) => "subnet" in row;

/** Checks the bytes sent by subnet, summed over all reports. */
const expectSums = (expected: Readonly<Record<string, number>>) => (rows: readonly Row[]) => {
  const found: Record<string, number> = {};
  for (const { subnet, send } of rows) {
    found[String(subnet)] = (found[String(subnet)] ?? 0) + Number(send);
  }
  const [is, ought] = [found, expected].map((each) =>
    JSON.stringify(Object.entries(each).toSorted())
  );
  if (is !== ought) throw new Error(`${is}, not ${ought}`);
};

/** Bytes sent per connection: both ends send. */
const each = UP + DOWN;
const mine = ["--netns", "{netns}"];

export default defineCases({
  usage: {
    names:
      "-v --verbose -f -i -J -p -h --format --interval --json --netns --cgroup --cgroupmap --mntnsmap " +
      "subnets --duration",
    wrong: [[[",".repeat(65)], /expected at most/], [
      ["-f", "g"],
      /invalid value "g" for -f\/--format: expected one of b, k, m, B, K, M/,
    ], [
      ["10.0.0.0/33"],
      /expected subnets such as 10\.0\.0\.0\/8 or .*, found "10\.0\.0\.0\/33"/,
    ], [["-i", "0"], /invalid value "0" for -i\/--interval/]],
  },
  cases: [
    {
      name: "shows what both ends of 15 connections sent, to the byte, IPv4, mapped and IPv6",
      canary: true,
      args: [...mine, "10.0.0.0/8,127.0.0.0/8,::1/128,::/0"],
      work,
      of: ROWS,
      check: expectSums({ "127.0.0.0/8": 10 * each, "::1/128": 5 * each }),
    },
    {
      name: "counts for the first subnet that fits, be another one closer",
      args: [...mine, "0.0.0.0/0,127.0.0.1/32,::/0"],
      work,
      of: ROWS,
      check: expectSums({ "0.0.0.0/0": 10 * each, "::/0": 5 * each }),
    },
    {
      name: "counts by default what bcc's tool counts",
      args: mine,
      work,
      of: ROWS,
      check: expectSums({ "127.0.0.1/32": 10 * each }),
    },
    {
      name: "-f k counts in Kbits",
      args: [...mine, "-f", "k", "127.0.0.1/32"],
      work,
      of: ROWS,
      check: expectSums({ "127.0.0.1/32": 10 * each * 8 / 1024 }),
    },
    { name: "shows no other subnet", args: [...mine, "10.0.0.0/8"], work, of: ROWS, rows: [] },
    { name: "--netns hides others", args: ["--netns", "1"], work, of: ROWS, rows: [] },
    {
      name: "prints bcc's report",
      args: [...mine, "-i", "600", "127.0.0.0/8"],
      work,
      lines: [
        /^Tracing\.\.\. Output every 600 secs\. Hit Ctrl-C to end$/,
        /^\[\d+\/\d+\/\d\d \d\d:\d\d:\d\d\]$/,
        /^127\.0\.0\.0\/8 {11}1050060$/,
      ],
    },
  ],
  filters: {
    work,
    args: ["-i", "600", "127.0.0.0/8", ...mine],
    of: ROWS,
    total: (rows) => rows.reduce((sum, { send }) => sum + Number(send), 0),
    expect: { least: 10 * UP },
  },
  anywhere: TCP_EVENTS,
});
