import assert from "node:assert/strict";
import { defineCases, sumOf } from "../../tests/support/cases.ts";

// Moves need a machine with several nodes, which the tests do not have.
export default defineCases({
  usage: { names: "-h --help --json", wrong: [[["0"], /invalid value "0" for interval/]] },
  cases: [
    {
      name: "tells of no moves on a machine with one node, where memory is moved for other reasons",
      canary: true,
      args: ["1000"],
      work: { script: "echo 1 > /proc/sys/vm/compact_memory" },
      of: () => true,
      check(rows) {
        assert.ok(rows.length >= 1);
        assert.equal(sumOf("numa_migrations")(rows), 0);
      },
    },
    {
      name: "prints libbpf-tools' table",
      args: ["1000"],
      work: { script: "true" },
      lines: [
        /^TIME {10}NUMA_migrations NUMA_migrations_ms$/,
        /^\d\d:\d\d:\d\d {20}0 {18}0$/,
      ],
    },
  ],
  filters: {
    work: { script: "true" },
    args: ["1000"],
    of: () => true,
    total: sumOf("numa_migrations"),
    expect: 0,
  },
});
