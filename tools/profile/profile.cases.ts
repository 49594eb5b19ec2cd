import { defineCases, sumOf } from "../../tests/support/cases.ts";

const work = { program: "stacks.c", args: ["spin=400"], flags: ["-O0"] };
const args = ["-F", "997"];

export default defineCases({
  usage: {
    names:
      "-h -p -L -U -K -F -c -d -a -I -f -C -A --pid --tid --user-stacks-only --kernel-stacks-only " +
      "--frequency --count --delimited --annotations --include-idle --folded --hash-storage-size " +
      "--stack-storage-size duration --cpu --cgroupmap --mntnsmap --address --svg --html --json " +
      "--compare",
    wrong: [
      [["--stack-walk", "orc"], /expected one of auto, fp, dwarf/],
      [["--stack-memory", "0"], /expected a number of MiB/],
      [
        ["-o", "out.txt"],
        /--output out\.txt does not tell a format: end its name in one of/,
      ],
      [["-p", "1,x"], /invalid value "1,x" for -p\/--pid: expected whole numbers/],
      [["-p", "1", "-L", "1"], /use either -p\/--pid or -L\/--tid/],
      [["-U", "-K"], /use either -U\/--user-stacks-only or -K/],
      [["-F", "9", "-c", "9"], /use either -F\/--frequency or -c\/--count/],
      [["--heat"], /--heat is for the page of a flame graph: use it with --html FILE/],
      [["--heat", "-o", "out.svg"], /--heat is for the page of a flame graph/],
      [["--heat", "--html", "x", "--compare", "y"], /use either --heat or --compare/],
      [["--compare", "x"], /--compare is for flame graphs: use it with --svg or --html/],
      [["-F", "0"], /invalid value "0" for -F\/--frequency/],
      [["--stack-storage-size", "0"], /--stack-storage-size: expected a number of entries/],
      [["0"], /invalid value "0" for duration/],
      [["-C", "8191"], /CPU 8191 is not online: 0, /],
    ],
  },
  cases: [
    {
      name: "samples the functions that run",
      args: [...args, "-p", "{pid}"],
      canary: true,
      work,
      check(rows) {
        const names = new Set(rows.map(({ user }) => (user as string[] | null)?.[0]));
        if (!names.has("three_parts") || !names.has("one_part")) {
          throw new Error(JSON.stringify(rows));
        }
      },
    },
    { name: "-p hides others", args: [...args, "-p", "1"], work, rows: [] },
  ],
  filters: {
    not: { off: "stacks of all processes of a busy machine take minutes to read" },
    work,
    args,
    total: sumOf("samples"),
    expect: { least: 1 },
  },
});
