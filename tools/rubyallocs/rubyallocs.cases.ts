import { defineCases } from "../../tests/support/cases.ts";

export default defineCases({
  usage: {
    names: "-c --command -i --interval --once --stack -n --top -d --duration --json",
    wrong: [
      [[], /expected a process id or -c\/--command, one of both/],
      [["1", "-c", "ruby"], /expected a process id or -c\/--command, one of both/],
      [["one"], /invalid value "one" for pid: expected a process id/],
      [["--once", "1", "-i", "1", "1"], /use either --once or -i\/--interval/],
    ],
    right: ["181"],
  },
  cases: [],
  elsewhere:
    "tests/tools/rubyallocs_test.ts: counts are compared with those of a run that allocates none",
});
