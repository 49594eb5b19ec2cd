import { defineCases } from "../../tests/support/cases.ts";

export default defineCases({
  usage: {
    names: "-h --help -c --cgroup -d --duration -f --frequency --json",
    wrong: [
      [["-f", "0"], /invalid value "0" for -f\/--frequency/],
      [["-d", "x"], /invalid value "x" for -d\/--duration/],
    ],
  },
  cases: [],
  elsewhere: "tests/tools/cpufreq_test.ts: no machine of the tests has a cpufreq driver",
});
