import { defineCases, times } from "../../tests/support/cases.ts";
import { mariadb } from "../../tests/support/database.ts";

const work = mariadb(Array<string>(23).fill("select 1 as one"));

export default defineCases({
  usage: {
    names: "-h --json",
    right: ["181"],
    wrong: [[[], /^expected the pid of a server$/]],
  },
  cases: [
    {
      name: "shows all queries with a threshold of 0",
      canary: true,
      requires: ["mariadb"],
      args: ["{pid}", "0"],
      work,
      rows: times(23, { query: "select 1 as one" }),
    },
    {
      name: "shows none that is faster",
      requires: ["mariadb"],
      args: ["{pid}", "100000"],
      work,
      rows: [],
    },
    {
      name: "prints bcc's table",
      requires: ["mariadb"],
      args: ["{pid}", "0"],
      work,
      lines: [
        /^Tracing MySQL server queries for PID {pid} slower than 0 ms\.\.\.$/,
        /^TIME\(s\) {8}PID {11}MS QUERY$/,
        /^0\.000000 {7}{pid} +\d+\.\d{3} select 1 as one$/,
      ],
    },
  ],
  unfiltered: "the process is an argument that each case has: nobody else is traced",
});
