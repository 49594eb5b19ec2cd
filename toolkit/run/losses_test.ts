import assert from "node:assert/strict";
import { test } from "node:test";
import { Output } from "../output/output.ts";
import type { Bpf } from "../../mod.ts";
import { IN_FLIGHT, Losses } from "./losses.ts";

/** What is told on standard error, and as JSON. */
function told(act: (losses: Losses) => void): { lines: string[]; records: string[] } {
  const lines: string[] = [], records: string[] = [];
  const { error } = console;
  console.error = (line: string) => void lines.push(line);
  const output = new Output();
  output.line = (line) => void records.push(line);
  try {
    act(new Losses("tool", true, output));
  } finally {
    console.error = error;
  }
  return { lines, records };
}

test("Losses tells each loss by its own word and reason, and sums at the end", () => {
  const counts = [0, 0, 0];
  const { lines, records } = told((losses) => {
    losses.watch({ kind: "dropped", what: "events", reason: "buffer" }, () => counts[0]!);
    losses.watch({ kind: "dropped", what: "calls", reason: "map" }, () => counts[1]!);
    losses.watch({ kind: "missed", what: "events", reason: "kernel" }, () => counts[2]!);
    losses.reportNow();
    counts.splice(0, 3, 3, 0, 5);
    losses.reportNow(); // within the same second
    losses.reportEnd();
  });
  assert.deepEqual(lines, [
    "tool: dropped 3 events in all: buffer",
    "tool: missed 5 events in all: kernel",
  ]);
  assert.deepEqual(records.map((record) => JSON.parse(record)), [
    { record: "dropped", what: "events", total: 3 },
    { record: "missed", what: "events", total: 5 },
  ]);
});

test("Losses tells what is new at once, and nothing where nothing is lost", () => {
  const { lines } = told((losses) => {
    losses.watch({ kind: "truncated", what: "rows", reason: "size" }, () => 7);
    losses.watch({ kind: "missed", what: "events", reason: "kernel" }, () => 0);
    losses.reportNow();
  });
  assert.deepEqual(lines, ["tool: truncated 7 rows so far: size"]);
});

test("Losses tells calls that had no room in flight with the fix that helps them", () => {
  const bpf = { misses: 0, globalNames: [IN_FLIGHT, "other"], global: () => ({ value: 3 }) };
  const { lines, records } = told((losses) => {
    losses.watchKernel(bpf as unknown as Bpf);
    losses.reportEnd();
  });
  assert.deepEqual(lines, [
    "tool: dropped 3 calls in all: more were in flight at a time than the kernel's map has room for: leave " +
    "some out by a filter (--help lists them)",
  ]);
  assert.deepEqual(records.map((record) => JSON.parse(record)), [
    { record: "dropped", what: "calls", total: 3 },
  ]);
});
