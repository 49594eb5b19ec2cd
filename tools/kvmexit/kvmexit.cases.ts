import { defineCases } from "../../tests/support/cases.ts";

// No machine of the tests runs guests: what can be shown is that nothing else is counted.
export default defineCases({
  usage: {
    names: "-h -p -t -T -v -a --pid --tid --tids --vcpu --alltids duration --json",
    wrong: [
      [
        ["-p", "1", "-t", "1", "-a"],
        /use one of -t\/--tid, -T\/--tids, -v\/--vcpu and -a\/--alltids/,
      ],
      [["-v", "0"], /-v\/--vcpu and -a\/--alltids need -p\/--pid/],
      [["-T", "1,x"], /expected whole numbers from 1 to/],
    ],
  },
  cases: [
    {
      name: "attaches with a virtual CPU asked for, and counts nothing of a process without one",
      args: ["-p", "{pid}", "-v", "0"],
      work: { script: "true" },
      of: () => true,
      rows: [],
    },
    {
      name: "prints bcc's heading",
      args: ["-p", "{pid}", "-a"],
      work: { script: "true" },
      lines: [
        /^Display kvm exit reasons and statistics for PID \d+ and its all threads\.\.\. Hit Ctrl-C to end\.$/,
        /^TID {6}KVM_EXIT_REASON {21}COUNT$/,
      ],
    },
  ],
  filters: { work: { script: "true" }, of: () => true, expect: 0 },
});
