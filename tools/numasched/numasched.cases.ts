import { defineCases, type Row, type Work } from "../../tests/support/cases.ts";
import { Script } from "../../tests/support/script.ts";

const ROUNDS = 13;

/** A process that sleeps on CPU 1 and CPU 0 in turn: in guests these are two nodes. */
const wanderer: Work = {
  start: () =>
    Script.of([
      ...["taskset", "-c", "0", "/usr/bin/python3", "-c"],
      `import os, time
print("pid", os.getpid(), flush=True); input()
for cpu in (1, 0) * ${ROUNDS}:
    os.sched_setaffinity(0, {cpu})
    time.sleep(0.001)`,
    ]),
};

const moves: readonly Row[] = Array.from(
  { length: 2 * ROUNDS },
  (_, i) => ({ src_nid: i % 2, dst_nid: 1 - i % 2 }),
);
const requires = ["numa", "full"] as const;

export default defineCases({
  unseen: { machine: "it has one NUMA node" },
  usage: { names: "-p --pid -t --tid -c --comm -h --json" },
  cases: [
    {
      name: "shows each move between two nodes, in order",
      canary: true,
      requires,
      work: wanderer,
      rows: moves,
    },
    {
      name: "-c hides threads of another name",
      requires,
      args: ["-c", "python"],
      work: wanderer,
      rows: [],
    },
    {
      name: "shows no move of a process that stays on one CPU",
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
    {
      name: "prints bcc's table",
      requires,
      args: ["-c", "python3"],
      work: wanderer,
      lines: [
        /^\d\d:\d\d:\d\d {pid} +{pid} +0 {8}-> 1 {8}python3 *$/,
        /^\d\d:\d\d:\d\d {pid} +{pid} +1 {8}-> 0 {8}python3 *$/,
      ],
    },
  ],
  filters: { requires, work: wanderer, expect: moves.length },
});
