import { defineCases } from "../../tests/support/cases.ts";

export default defineCases({
  cases: [],
  elsewhere: "tests/tools/bpflist_test.ts: it prints and ends, and traces nothing",
});
