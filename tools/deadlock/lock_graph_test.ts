import assert from "node:assert/strict";
import { test } from "node:test";
import { LockGraph } from "./lock_graph.ts";

/** Adds edges such as "12" (from 1 to 2) in order; returns the cycle that each closes, as text. */
function cyclesOf(...edges: string[]): (string | undefined)[] {
  const graph = new LockGraph();
  return edges.map((edge) => {
    const [from, to] = [...edge].map(BigInt) as [bigint, bigint];
    return graph.add({ from, to })?.map(({ from, to }) => `${from}${to}`).join(" ");
  });
}

test("LockGraph finds a cycle of two mutexes when its last edge comes", () => {
  assert.deepEqual(cyclesOf("12", "13", "23", "21"), [undefined, undefined, undefined, "21 12"]);
});

test("LockGraph finds cycles of any length, the shortest first", () => {
  assert.equal(cyclesOf("12", "23", "34", "45", "51").at(-1), "51 12 23 34 45");
  assert.equal(cyclesOf("12", "23", "34", "24", "41").at(-1), "41 12 24");
});

test("LockGraph finds none where an order is kept, or an edge is told again", () => {
  assert.deepEqual(
    new Set(cyclesOf("12", "13", "14", "23", "24", "34", "12")),
    new Set([undefined]),
  );
  assert.equal(cyclesOf("12", "21", "21").at(-1), undefined);
});

test("LockGraph counts mutexes and pairs", () => {
  const graph = new LockGraph();
  for (const [from, to] of [[1n, 2n], [2n, 3n], [1n, 2n], [1n, 3n]] as const) {
    graph.add({ from, to });
  }
  assert.deepEqual([graph.nodes, graph.edges, [...graph].length], [3, 3, 3]);
});
