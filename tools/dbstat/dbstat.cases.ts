import { defineCases, histogramTotal } from "../../tests/support/cases.ts";
import { pausing } from "../../tests/support/jobs.ts";
import { mariadb, postgres } from "../../tests/support/database.ts";

const queries = Array<string>(23).fill("select 1 as one");
const work = mariadb(queries);
const of = ({ record }: Readonly<Record<string, unknown>>) => record === "histogram";
const check = (expected: number) => (rows: Parameters<typeof histogramTotal>[0]) => {
  const total = histogramTotal(rows);
  if (total !== expected) throw new Error(`${total} is not ${expected}: ${JSON.stringify(rows)}`);
};

export default defineCases({
  usage: {
    names: "-v --verbose -p --pid -m --threshold -u --microseconds -i --interval -h --json",
    right: ["mysql"],
    wrong: [[[], /^expected the database engine: mysql or postgres$/]],
  },
  cases: [
    {
      name: "counts queries of MariaDB",
      canary: true,
      requires: ["mariadb"],
      args: ["mysql", "-p", "{pid}"],
      work,
      of,
      check: check(23),
    },
    {
      name: "counts queries of PostgreSQL",
      requires: ["postgres"],
      args: ["postgres", "-u", "-p", "{pid}"],
      work: postgres(queries),
      of,
      check: check(23),
    },
    {
      name: "-m leaves out what is faster",
      requires: ["mariadb"],
      args: ["mysql", "-p", "{pid}", "-m", "100000"],
      work,
      of,
      check: check(0),
    },
    {
      name: "-i makes reports, each of what there was since the one before",
      requires: ["mariadb", "full"],
      args: ["mysql", "-p", "{pid}", "-i", "0.2"],
      work: pausing(work),
      of,
      check: check(23),
    },
    {
      name: "-i tells when each report was made",
      requires: ["mariadb", "full"],
      args: ["mysql", "-p", "{pid}", "-i", "0.2"],
      work: pausing(work),
      lines: [/^\[\d\d:\d\d:\d\d\]$[^]*^\[\d\d:\d\d:\d\d\]$/],
    },
    {
      name: "prints bcc's histogram",
      requires: ["mariadb"],
      args: ["mysql", "-u", "-p", "{pid}"],
      work,
      lines: [
        /^Tracing database queries for pids {pid} slower than 0 ms\.\.\.$/,
        /^\[\d\d:\d\d:\d\d\]$/,
        /^ {5}query latency \(us\) {2}: count {5}distribution$/,
      ],
    },
  ],
  filters: {
    work,
    args: ["mysql", "-p", "{pid}"],
    of,
    total: histogramTotal,
    expect: 23,
    not: { pidns: "-p names a process of that namespace then: it finds none in a stranger's" },
  },
});
