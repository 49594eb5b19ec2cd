/**
 * Bytes of an event to a row of the table and a record of JSON, for every tool that prints events, without a
 * kernel: two events that are made up by the types of their members, against tests/testdata/event_rows.txt.
 *
 * TSBCC_UPDATE=1 writes that file anew: read what changes.
 */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { parseOptions } from "../toolkit/options/options.ts";
import { type Column, jsonRow, tableRow } from "../toolkit/output/columns.ts";
import { sampleEvent } from "../toolkit/records/sample_event.ts";
import { planOf } from "../toolkit/run/run.ts";
import type { EventPlan, Plan } from "../toolkit/run/tool.ts";
import type { Who } from "../toolkit/task/who.ts";
import type { Cases } from "../tests/support/cases.ts";
import { pretend } from "../tests/support/machine.ts";
import { tools } from "./list.ts";

interface Event {
  readonly who: Who;
}

const FILE = new URL("../tests/testdata/event_rows.txt", import.meta.url);
/** Columns of what the machine says: clocks, memory, names in its kernel. */
const OF_THE_MACHINE = /^(TIME|TIME-.*|LOADAVG|FREE\(KB\)|REASON)$/;
/** What such columns print inside others. */
const CHANGING: readonly [RegExp, string][] = [
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, "DATE"],
  [/\d\d:\d\d:\d\d(?=\D|$)/g, "HH:MM:SS"],
  [/(loadavg: )[\d. /]+/g, "$1…"],
];
function rowsOf(plan: EventPlan<Event>): string[] {
  const columns = plan.columns
    .filter((column): column is Column<Event> =>
      column !== false && !OF_THE_MACHINE.test(column.head)
    );
  const print = { table: tableRow(columns), json: jsonRow(columns) };
  return (["zero", "one"] as const).flatMap((kind) => {
    const event = sampleEvent(plan.event, kind);
    const texts = [print.table(event), print.json(event)];
    assert.equal(typeof JSON.parse(texts[1]!), "object");
    return texts.map((text) =>
      CHANGING.reduce((changed, [pattern, instead]) => changed.replaceAll(pattern, instead), text)
    );
  });
}

const found = new Map<string, string[]>();
for (const [name, load] of Object.entries(tools)) {
  const tool = (await load()).default;
  const table = await import(`./${name}/${name}.cases.ts`) as { default: Cases };
  const words = table.default.usage?.right ?? (tool.sample || []);
  const planFor = (...more: string[]): Plan<Event> => {
    const values = parseOptions(tool.options, [...more, ...words], pretend());
    return planOf(tool, values as never, pretend()) as Plan<Event>;
  };
  const plan = planFor();
  // What trace prints is decided by the probes that are typed: its own tests have them.
  if (!("event" in plan) || plan.source) continue;
  found.set(name, rowsOf(plan));
}

const textOf = (rows: ReadonlyMap<string, string[]>) =>
  [...rows].map(([name, lines]) => [`== ${name}`, ...lines].join("\n")).join("\n") + "\n";
if (process.env.TSBCC_UPDATE === "1") writeFileSync(FILE, textOf(found));

const kept = new Map(
  readFileSync(FILE, "utf8").trimEnd().split(/^== /m).filter(Boolean)
    .map((part) => [part.split("\n", 1)[0]!, part.trimEnd().split("\n").slice(1)]),
);

for (const [name, lines] of found) {
  test(`${name} makes rows of the bytes of its events`, () => {
    // A tool that has just come has none kept yet; that rows and JSON were made says something already.
    assert.deepEqual(lines, kept.get(name) ?? lines);
  });
}
