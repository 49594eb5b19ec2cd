import { defineCases } from "../../tests/support/cases.ts";

export default defineCases({
  usage: {
    names: "-h -p -l -v --pid --lib filter --json",
    wrong: [[["-p", "x"], /invalid value "x" for -p\/--pid/], [
      ["a", "b"],
      /unexpected argument "b"/,
    ]],
  },
  cases: [],
  elsewhere: "tests/tools/tplist_test.ts: it prints and ends, and traces nothing",
});
