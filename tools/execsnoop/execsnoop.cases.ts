import { defineCases, type Row } from "../../tests/support/cases.ts";

const script = "for i in {1..97}; do /bin/true $i 'a b'; done; (exec /nonexistent) 2>/dev/null";
const isChild = (row: Row, { pid }: { pid: number }) => row.ppid === pid;

export default defineCases({
  usage: {
    names: "-T --time -t --timestamp -x --fails --cgroupmap --mntnsmap -u --uid -q --quote " +
      "-n --name -l --line -U --print-uid -C --print-cpu -M --print-pcomm --max-args -P --ppid",
    wrong: [
      [["-u", "no-such-user"], /invalid value "no-such-user" for -u\/--uid: expected a user id/],
      [["-n", "("], /invalid value "\(" for -n\/--name: /],
      [["--max-args", "0"], /invalid value "0" for --max-args: expected a number of arguments/],
      [["-P", "0"], /invalid value "0" for -P\/--ppid/],
    ],
  },
  cases: [
    {
      name: "shows 97 programs with their arguments, exactly and in order",
      canary: true,
      work: { script },
      of: isChild,
      rows: Array.from({ length: 97 }, (_, i) => ({
        comm: "true",
        ret: 0,
        args: `/bin/true ${i + 1} a b`,
      })),
    },
    {
      name: "-n hides other names",
      args: ["-n", "nosuch"],
      work: { script },
      of: isChild,
      rows: [],
    },
    {
      name: "prints bcc's table",
      args: ["-P", "{pid}"],
      work: { script },
      lines: [/^COMM {13}PID {5}PPID {4}RET ARGS$/, /^true +\d+ +{pid} +0 \/bin\/true 97 a b$/],
    },
  ],
  filters: { work: { script }, of: isChild, expect: 97 },
});
