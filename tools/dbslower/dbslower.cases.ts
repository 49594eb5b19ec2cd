import { copyFileSync } from "node:fs";
import { defineCases, times } from "../../tests/support/cases.ts";
import { MARIADB, mariadb, postgres } from "../../tests/support/database.ts";
import { startWork } from "../../tests/support/start_work.ts";

const LONG = `select '${"x".repeat(1500)}'`;
/** 23 times one query and 7 times another, in order. */
const queries = [
  ...Array<string>(23).fill("select 1 as one"),
  ...Array<string>(7).fill("select 2 as two"),
];
const rows = [
  ...times(23, { query: "select 1 as one" }),
  ...times(7, { query: "select 2 as two" }),
];
/** Selects rows by their query, not by pid: the tool traces server processes, not the client. */
const isWorked = ({ query }: Readonly<Record<string, unknown>>) =>
  String(query).startsWith("select");

export default defineCases({
  usage: {
    names: "-v --verbose -p --pid -x --exe -m --threshold -h --json",
    right: ["mysql"],
    wrong: [
      [[], /^expected the database engine: mysql or postgres$/],
      [["oracle"], /expected one of mysql, postgres, not "oracle"/],
      [["mysql", "-p", "x"], /^expected a process id/],
    ],
  },
  cases: [
    {
      name: "shows all queries of MariaDB with a threshold of 0, exactly and in order",
      canary: true,
      requires: ["mariadb"],
      args: ["mysql", "-p", "{pid}", "-m", "0"],
      work: mariadb(queries),
      rows: rows.map((row) => ({ ...row, pid: "{pid}", truncated: false })),
    },
    {
      name: "shows the slow one only, with its time",
      requires: ["mariadb"],
      args: ["mysql", "-p", "{pid}", "-m", "200"],
      work: mariadb(["select 1 as one", "select sleep(0.3)"]),
      of: ({ query }) => query === "select sleep(0.3)",
      rows: [{ query: "select sleep(0.3)" }],
      check([row]) {
        if (!(Number(row?.ms) >= 300)) throw new Error(JSON.stringify(row));
      },
    },
    {
      name: "tells when a query is cut",
      requires: ["mariadb"],
      args: ["mysql", "-p", "{pid}", "-m", "0"],
      work: mariadb([LONG]),
      rows: [{ query: LONG.slice(0, 1023), truncated: true }],
    },
    {
      name: "shows queries of PostgreSQL, whose clients have processes of their own",
      requires: ["postgres"],
      args: ["postgres", "-p", "{pid}", "-m", "0"],
      work: postgres(queries),
      of: isWorked,
      rows,
    },
    {
      name: "-x shows queries of the servers of a file",
      requires: ["mariadb"],
      args: ["mysql", "-x", MARIADB, "-m", "0"],
      work: mariadb(queries),
      rows,
    },
    {
      name: "-x hides those of servers of another file",
      requires: ["mariadb"],
      args: ["mysql", "-x", "{dir}/mariadbd", "-m", "0"],
      work: {
        start(dir) {
          copyFileSync(MARIADB, `${dir}/mariadbd`);
          return startWork(mariadb(queries), dir);
        },
      },
      rows: [],
    },
    {
      name: "prints bcc's table",
      requires: ["mariadb"],
      args: ["mysql", "-p", "{pid}", "-m", "0"],
      work: mariadb(queries),
      lines: [
        /^Tracing database queries for pids {pid} slower than 0 ms\.\.\.$/,
        /^TIME\(s\) {8}PID {11}MS QUERY$/,
        /^0\.000000 {7}{pid} +\d+\.\d{3} select 1 as one$/,
      ],
    },
  ],
  filters: {
    work: mariadb(queries),
    args: ["mysql", "-p", "{pid}", "-m", "0"],
    expect: 30,
    not: { pidns: "-p names a process of that namespace then: it finds none in a stranger's" },
  },
});
