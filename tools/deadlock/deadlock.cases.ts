import assert from "node:assert/strict";
import { defineCases } from "../../tests/support/cases.ts";

const program = (...args: string[]) => ({ program: "lock_order.c", args });

export default defineCases({
  usage: {
    names:
      "-h --binary --dump-graph --verbose --lock-symbols --unlock-symbols -t --threads -e --edges -s " +
      "--stacktraces pid --json",
    right: ["181"],
    wrong: [
      [[], /expected the id of a process/],
      [["--lock-symbols", "", "181"], /expected names of functions separated by commas/],
    ],
  },
  elsewhere: "tests/tools/deadlock_test.ts: with a deadlock the tool ends by itself",
  cases: [
    {
      name: "finds none where an order is kept, and knows all pairs of mutexes",
      canary: true,
      args: ["--verbose", "{pid}"],
      work: program("forward", "third", "released", "crossed", "recursive"),
      check(rows) {
        assert.ok(rows.every(({ record }) => record === "graph"));
        const { mutexes, edges } = rows.at(-1)!;
        // Edges: first to second, second to third, and `again` to both first and second.
        assert.deepEqual([mutexes, edges], [4, 4]);
      },
    },
    {
      name: "tells of pairs that -e left no room for",
      args: ["-e", "1", "{pid}"],
      work: program("forward", "third", "recursive"),
      check(rows) {
        assert.deepEqual(rows.map(({ record }) => record), Array(rows.length).fill("dropped"));
        // `recursive` counts twice: the thread locks the same pair a second time.
        assert.ok(Number(rows.at(-1)!.total) >= 3);
      },
    },
    {
      name: "tells of threads that -t left no room for",
      args: ["--verbose", "-t", "1", "{pid}"],
      work: program("forward", "third", "released"),
      check(rows) {
        const dropped = rows.filter(({ record }) => record === "dropped");
        assert.ok(Number(dropped.at(-1)?.total) >= 1, JSON.stringify(rows));
        const { edges } = rows.findLast(({ record }) => record === "graph")!;
        assert.ok(Number(edges) < 2, `${edges}`);
      },
    },
    {
      name: "-t has room for as many threads",
      args: ["--verbose", "-t", "16", "{pid}"],
      work: program("forward", "third", "released"),
      check(rows) {
        assert.ok(rows.every(({ record }) => record === "graph"), JSON.stringify(rows));
        assert.equal(rows.at(-1)!.edges, 2);
      },
    },
  ],
});
