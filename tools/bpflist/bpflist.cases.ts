import { defineCases } from "../../tests/support/cases.ts";

export default defineCases({
  usage: {
    names: "-v --verbosity -h --json",
    wrong: [[["--nothing"], /unknown option --nothing/], [
      ["x"],
      /unexpected argument/,
    ]],
  },
  cases: [],
  elsewhere: "tests/tools/bpflist_test.ts: it prints and ends, and traces nothing",
});
