import { defineCases } from "../../tests/support/cases.ts";

export default defineCases({
  elsewhere: "tests/tools/javagc_test.ts: with a Java that is installed, or not",
  usage: {
    names: "-h -p -t --pid --time --json",
    right: [],
    wrong: [
      [["-p", "181", "-t", "x"], /invalid value "x" for -t\/--time/],
    ],
  },
  cases: [],
});
