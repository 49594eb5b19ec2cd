import { defineCases } from "../../tests/support/cases.ts";

export default defineCases({
  elsewhere:
    "tests/host/run_by_hand_test.ts and tests/tools/by_hand_test.ts: no machine of the tests is a POWER",
  usage: {
    names:
      "-h -p -t -i -d -T -x -e -L -m -P -l --pid --tid --interval --duration --top --failures " +
      "--errno --latency --milliseconds --process --list --hcall --json",
    wrong: [[["--hcall", "H_NONE"], /expected the name or number of an hcall: -l lists them/]],
  },
  cases: [],
});
