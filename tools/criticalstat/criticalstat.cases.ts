import { defineCases } from "../../tests/support/cases.ts";

export default defineCases({
  elsewhere:
    "tests/host/run_by_hand_test.ts and tests/tools/by_hand_test.ts: no kernel of the tests has the " +
    "tracepoints",
  usage: {
    names: "-h -p -i -d --preemptoff --irqoff --duration --json",
    wrong: [
      [["-p", "-i"], /use either -p\/--preemptoff or -i\/--irqoff/],
      [["-d", "0"], /invalid value "0" for -d\/--duration/],
    ],
  },
  cases: [],
});
