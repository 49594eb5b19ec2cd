import { defineCases } from "../../tests/support/cases.ts";

export default defineCases({
  cases: [],
  elsewhere: "tests/tools/llcstat_test.ts: no machine of the tests has counters of the CPU",
});
