import assert from "node:assert/strict";
import { defineCases } from "../../tests/support/cases.ts";

const work = { program: "slow_calls.c", flags: ["-fno-omit-frame-pointer"] };
const file = "{dir}/slow_calls";
const BIG = 0xfedcba9876543210n;
const resultOf = (i: number) => BigInt.asUintN(64, BigInt(i) + 54320n + 100000n * BIG);
/** Expected rows: the runner parses JSON numbers as doubles, so 64-bit values are rounded. */
const sixes = [1, 2, 3].map((i) => ({
  func: `${file}:slow_six`,
  rval: Number(resultOf(i)),
  args: [i, 2, 3, 4, 5, Number(BIG)],
}));

export default defineCases({
  usage: {
    names:
      "-h -p -m -u -a -T -t -v -f -U -K --pid --min-ms --min-us --arguments --time --timestamp " +
      "--verbose --folded --user-stack --kernel-stack function --json",
    wrong: [
      [[], /expected a function: FUNCTION or FILE:FUNCTION/],
      [["-m", "1", "-u", "1", "c:puts"], /use either -m\/--min-ms or -u\/--min-us/],
      [["-a", "7", "c:puts"], /invalid value "7" for -a\/--arguments/],
      [["t:sched:sched_switch"], /only functions can be timed: expected FUNCTION or FILE:FUNCTION/],
      [["r:c:puts"], /only functions can be timed/],
    ],
  },
  cases: [
    {
      name: "shows each slow call with its result and six arguments",
      canary: true,
      args: ["-a", "6", `${file}:slow_six`],
      work,
      rows: sixes,
    },
    {
      name: "tells calls inside calls of the same function apart, and several functions",
      args: ["-a", "1", "-u", "2000", `${file}:slow_depth`, `${file}:caller`, `${file}:slow_six`],
      work,
      rows: [
        ...sixes.map(({ func, rval, args }) => ({ func, rval, args: args.slice(0, 1) })),
        { func: `${file}:caller`, rval: 42, args: [41] },
        ...[1, 2, 3, 4, 5].map((n) => ({ func: `${file}:slow_depth`, rval: n, args: [n - 1] })),
      ],
      check: (rows) => assert.ok(rows.every(({ lat_us }) => Number(lat_us) >= 2000)),
    },
    {
      name: "-m hides what is faster",
      args: ["-m", "600000", `${file}:slow_six`],
      work,
      rows: [],
    },
    {
      name: "-U shows who called",
      args: ["-U", `${file}:slow_six`],
      work,
      check(rows) {
        assert.equal(rows.length, 3);
        for (const { user } of rows) {
          assert.deepEqual((user as string[]).slice(0, 2), ["caller", "main"]);
        }
      },
    },
    {
      name: "prints bcc's table, with the stack",
      args: ["-t", "-a", "2", "-U", `${file}:slow_six`],
      work,
      lines: [
        /^Tracing function calls slower than 1 ms\.\.\. Ctrl\+C to quit\.$/,
        /^TIME {7}COMM {11}PID {4}LAT\(ms\) {13}RVAL FUNC ARGS$/,
        /^0\.000000 {3}slow_calls {5}\d+ +\d+\.\d\d +[0-9a-f]{16} {dir}\/slow_calls:slow_six 0x1 0x2$/,
        /^ {4}caller$/,
        /^ {4}main$/,
      ],
    },
    {
      name: "-T tells the time of day",
      args: ["-T", `${file}:slow_six`],
      work,
      lines: [
        /^TIME {7}COMM {11}PID {4}LAT\(ms\) {13}RVAL FUNC$/,
        /^\d\d:\d\d:\d\d {3}slow_calls {5}{pid} +\d+\.\d\d +[0-9a-f]{16} {dir}\/slow_calls:slow_six$/,
      ],
    },
    {
      name: "-f prints a line per stack and nothing else",
      args: ["-f", "-U", `${file}:slow_six`],
      work,
      lines: [/^(slow_calls;[^\n]*;main;caller 1\n){3}$(?![^])/],
    },
    {
      name: "shows slow calls of the kernel's functions and of a file's at once",
      canary: true,
      requires: ["fentry"],
      args: ["-a", "1", "-K", "-p", "{pid}", "do_nanosleep", `${file}:slow_six`],
      work,
      check(rows) {
        const kernel = rows.filter(({ func }) => func === "do_nanosleep");
        // One row for each nap; slow_six naps three times.
        assert.equal(kernel.length, 8);
        assert.equal(rows.length, 11);
        assert.match(String(kernel[0]!.kernel), /hrtimer_nanosleep/);
      },
    },
  ],
  filters: { work, args: [`${file}:slow_six`], expect: 3 },
});
