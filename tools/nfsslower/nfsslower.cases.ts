import { defineCases } from "../../tests/support/cases.ts";

export default defineCases({
  cases: [],
  elsewhere: "tests/tools/fs_tools_test.ts: no kernel that runs the tests has a mount of it",
});
