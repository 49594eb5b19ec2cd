import assert from "node:assert/strict";
import { pausing } from "../../tests/support/jobs.ts";
import { defineCases, type Row, sumOf } from "../../tests/support/cases.ts";

const work = { program: "pipe_mutex.c", args: ["31"] };
const isOf = (caller: string, total: string) => (row: Row) =>
  String(row.caller).startsWith(`${caller}+0x`) && total in row;
const isWait = isOf("pipe_ioctl", "total_spin");

export default defineCases({
  usage: {
    names:
      "-h -d -i -n -s -c -S -p -t --duration --interval --locks --stacks --caller --sort --pid " +
      "--tid --stack-storage-size --json",
    wrong: [
      [["-d", "1", "-i", "1"], /use either -d\/--duration or -i\/--interval/],
      [["-S", "acq_min"], /expected acq_max, acq_total or acq_count/],
      [["-n", "0"], /invalid value "0" for -n\/--locks/],
    ],
  },
  cases: [
    {
      name: "counts 31 waits for a pipe's mutex by who waits, and times them",
      canary: true,
      args: ["-p", "{pid}"],
      work,
      of: isWait,
      check(rows) {
        assert.deepEqual(rows.map(({ count }) => count), [31]);
        const { avg_spin, max_spin, total_spin } = rows[0] as Record<string, number>;
        assert.ok(avg_spin! > 0 && avg_spin! <= max_spin! && max_spin! <= total_spin!);
        assert.equal(avg_spin, Math.floor(total_spin! / 31));
      },
    },
    {
      name: "counts as many times that who waits and who writes hold it",
      canary: true,
      requires: ["fentry"],
      args: ["-p", "{pid}"],
      work,
      of: (row) => isWait(row) || /pipe_(ioctl|write)\+/.test(String(row.caller)),
      check(rows) {
        const holds = (caller: string) => rows.filter(isOf(caller, "total_hold"));
        assert.equal(sumOf("count")(holds("pipe_ioctl")), 31);
        const writes = rows.filter(({ caller, total_hold }) =>
          /pipe_write\+/.test(String(caller)) && total_hold !== undefined
        );
        assert.equal(sumOf("count")(writes), 31);
      },
    },
    {
      name: "-c hides other callers",
      args: ["-p", "{pid}", "-c", "ioctl"],
      work,
      of: isWait,
      rows: [],
    },
    {
      name: "-c shows callers whose name begins so",
      args: ["-p", "{pid}", "-c", "pipe_i", "-n", "1", "-S", "acq_count"],
      work,
      of: ({ caller }) => caller !== undefined,
      rows: [{ count: 31 }],
    },
    {
      name: "-s shows more of the stack",
      args: ["-p", "{pid}", "-c", "pipe_ioctl", "-s", "4"],
      work,
      of: isWait,
      check([row]) {
        const stack = row!.stack as string[];
        assert.equal(stack.length, 4);
        assert.match(stack.join(" "), /^pipe_ioctl\+.* __(x64|arm64)_sys_ioctl\+/);
      },
    },
    {
      name: "-i counts each wait in one report",
      args: ["-p", "{pid}", "-i", "1"],
      work: pausing(work),
      of: isWait,
      rows: [{ count: 31 }],
    },
    {
      name: "prints bcc's table",
      args: ["-p", "{pid}", "-s", "2"],
      work,
      lines: [
        /^Tracing lock events\.\.\. Hit Ctrl-C to end\.$/,
        /^ {34}Caller {3}Avg Spin {2}Count {3}Max spin Total spin$/,
        /^ +pipe_ioctl\+0x[0-9a-f]+ +\d+ {5}31 +\d+ +\d+$/,
        /^ +\w+\+0x[0-9a-f]+$/,
      ],
    },
  ],
  filters: { work, of: isWait, total: sumOf("count"), expect: 31 },
});
