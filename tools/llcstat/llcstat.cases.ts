import { defineCases } from "../../tests/support/cases.ts";

export default defineCases({
  usage: {
    names: "-c --sample_period -t --tid -h --json",
    wrong: [[["-c", "0"], /invalid value "0" for -c\/--sample_period/], [
      ["x"],
      /invalid value "x" for duration/,
    ]],
  },
  cases: [],
  elsewhere:
    "tests/tools/llcstat_test.ts and tests/tools/by_hand_test.ts: no machine of the tests has counters of " +
    "the CPU",
});
