import { defineCases } from "../../tests/support/cases.ts";

const ONE_NODE = "it has one NUMA node";

export default defineCases({
  unseen: { machine: ONE_NODE, guests: ONE_NODE },
  usage: { names: "-p --pid -t --tid -c --comm -h --json" },
  cases: [
    {
      name: "shows no move of a process that stays on one CPU",
      canary: true,
      work: { script: "exec taskset -c 0 bash -c 'for i in {1..29}; do sleep 0.001; done'" },
      rows: [],
    },
    {
      name: "prints bcc's heading",
      work: { script: "true" },
      lines: [
        /^Tracing task NUMA switch\.\.\.$/,
        /^TIME {5}PID {6}TID {6}SRC_NID {5}DST_NID {2}COMM$/,
      ],
    },
  ],
  filters: {
    work: { script: "taskset -c 0 sleep 0.01" },
    expect: 0,
  },
});
