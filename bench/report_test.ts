import assert from "node:assert/strict";
import { test } from "node:test";
import type { Measured } from "./measure.ts";
import { median } from "./median.ts";
import type { Question } from "./question.ts";
import { rowsOf, table } from "./report.ts";

const question: Question = {
  title: "Reading",
  figures: { "M/s": "more", "ms": "less" },
  quickRuns: 1,
  subjects: () => [],
};

function measured(name: string, figure: string, values: number[], work?: string): Measured {
  const subject = { name, command: [], ...work === undefined ? {} : { work } };
  return { subject, runs: values.map((value) => ({ [figure]: value })) };
}

test("median() is the middle value, the upper one of two", () => {
  assert.equal(median([3, 1, 2]), 2);
  assert.equal(median([4, 1, 2, 3]), 3);
});

test("rowsOf() says how many times as good ours is, whichever way is better", () => {
  const rows = rowsOf(question, [
    measured("Deno", "M/s", [7, 8, 9]),
    measured("Bun", "M/s", [2, 2, 2]),
    measured("C", "M/s", [4, 4, 4]),
  ]);
  assert.deepEqual(rows, [{
    label: "M/s",
    better: "more",
    medians: { Deno: 8, Bun: 2, C: 4 },
    ratios: { C: { Deno: 2, Bun: 0.5 } },
  }]);
  const [less] = rowsOf(question, [measured("Deno", "ms", [5]), measured("C", "ms", [10])]);
  assert.equal(less!.ratios.C!.Deno, 2);
});

test("rowsOf() keeps works apart, and table() leaves out what was not measured", () => {
  const rows = rowsOf(question, [
    measured("Deno", "M/s", [1234.5], "one"),
    measured("C", "M/s", [1], "one"),
    measured("Deno", "M/s", [0.01234], "two"),
  ]);
  assert.equal(
    table("Reading", rows),
    [
      "| Reading  |  Deno |   C | ours : C |",
      "| -------- | ----: | --: | -------: |",
      "| one, M/s | 1,235 |   1 |    1,235 |",
      "| two, M/s | 0.012 |   - |          |",
    ].join("\n"),
  );
});
