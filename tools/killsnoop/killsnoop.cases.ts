import { defineCases, times } from "../../tests/support/cases.ts";

const NOBODY = 4194305; // above the largest pid (PID_MAX_LIMIT, 4194304)
const script = `for i in {1..97}; do kill -0 $$; done
  for i in {1..13}; do kill -TERM ${NOBODY} 2>/dev/null; done`;

export default defineCases({
  usage: {
    names: "-x --failed -p --pid -T --tpid -s --signal --threads --call --json --help",
    wrong: [[
      ["-s", "65"],
      /invalid value "65" for -s\/--signal: expected signals by number, at most 64/,
    ], [["-T", "0"], /invalid value "0" for -T\/--tpid: expected a process id/]],
  },
  cases: [
    {
      name: "shows 97 signals and 13 that nobody gets, exactly and in order",
      canary: true,
      work: { script },
      rows: [
        ...times(97, { comm: "bash", sig: 0, tpid: "{pid}", result: 0 }),
        ...times(13, { comm: "bash", sig: 15, tpid: NOBODY, result: -3 }),
      ],
    },
    {
      name: "-x shows failures only",
      args: ["-x"],
      work: { script },
      rows: times(13, { tpid: NOBODY, result: -3 }),
    },
    {
      name: "-T shows what one process gets, and nothing of others",
      args: ["-T", "1"],
      work: { script },
      rows: [],
    },
    {
      name: "prints bcc's table",
      args: ["-p", "{pid}"],
      work: { script },
      lines: [
        /^TIME {6}PID +COMM {13}SIG {2}TPID +RESULT$/,
        /^\d\d:\d\d:\d\d {2}{pid} +bash {13}0 {4}{pid} +0$/,
      ],
    },
  ],
  filters: { work: { script }, expect: 110 },
});
