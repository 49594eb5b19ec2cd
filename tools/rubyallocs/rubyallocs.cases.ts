import { defineCases } from "../../tests/support/cases.ts";

export default defineCases({
  cases: [],
  elsewhere:
    "tests/tools/rubyallocs_test.ts: counts are compared with those of a run that allocates none",
});
