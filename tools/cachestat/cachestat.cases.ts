import { defineCases } from "../../tests/support/cases.ts";
import { ext4Io } from "../../tests/support/jobs.ts";

const work = ext4Io((file) => [`open=${file}:1`, "write=101", "start", "read=53"]);

export default defineCases({
  usage: {
    names: "-h -T --timestamp interval count --json --duration",
    wrong: [[["0"], /invalid value "0" for interval/]],
  },
  cases: [
    {
      name: "counts the pages that a process reads and makes dirty",
      args: ["-p", "{pid}", "1000"],
      canary: true,
      work,
      of: () => true,
      rows: [{ dirties: 101 }],
    },
  ],
  filters: {
    work,
    args: ["1000"],
    of: () => true,
    total: (rows) => rows.reduce((sum, { dirties }) => sum + Number(dirties), 0),
    expect: { least: 101 },
  },
});
