import { defineCases, type Row } from "../../tests/support/cases.ts";

const script = "{ for i in {0..96}; do (exit $i); done; (kill -9 $BASHPID); } 2>/dev/null";
const isChild = (row: Row, { pid }: { pid: number }) => row.ppid === pid;

export default defineCases({
  usage: { names: "-t --timestamp --utc -p --pid --label -x --failed --per-thread --json --help" },
  cases: [
    {
      name: "shows 97 ends with their codes, and a signal",
      canary: true,
      work: { script },
      of: isChild,
      rows: [
        ...Array.from({ length: 97 }, (_, i) => ({ pcomm: "bash", exit_code: i, signal: 0 })),
        { pcomm: "bash", exit_code: 0, signal: 9 },
      ],
    },
    {
      name: "-x hides what ends well",
      args: ["-x"],
      work: { script: "for i in {1..13}; do (exit 0); done" },
      of: isChild,
      rows: [],
    },
    {
      name: "prints bcc's table",
      work: { script },
      lines: [
        /^PCOMM {12}PID {5}PPID {4}TID {5}AGE\(s\) {2}EXIT_CODE$/,
        /^bash +\d+ +{pid} +\d+ +\d+\.\d+ +code 96$/,
      ],
    },
  ],
  filters: {
    work: { script },
    of: (row, { pid }) => row.ppid === pid || row.pid === pid,
    not: { pid: "the children of the workload are others" },
    expect: 99,
  },
});
