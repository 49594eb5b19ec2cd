/**
 * Tests that every tool that prints events makes the expected table row and JSON record from the
 * bytes of an event, without a kernel: the rows of two events, generated from the types of their
 * members, are compared with tests/testdata/event_rows.txt.
 *
 * TSBCC_UPDATE=1 rewrites that file: review the changes.
 */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { parseOptions } from "../toolkit/options/options.ts";
import { type Column, csvRow, jsonRow, tableRow } from "../toolkit/output/columns.ts";
import { escapeText } from "../toolkit/output/escape.ts";
import { sampleEvent } from "../toolkit/records/sample_event.ts";
import { planOf } from "../toolkit/run/run.ts";
import type { EventPlan, Plan } from "../toolkit/run/tool.ts";
import type { Who } from "../toolkit/task/who.ts";
import { shown } from "../toolkit/web/shown.ts";
import type { Cases } from "../tests/support/cases.ts";
import { pretend } from "../tests/support/machine.ts";
import { tools } from "./list.ts";

interface Event {
  readonly who: Who;
}

const FILE = new URL("../tests/testdata/event_rows.txt", import.meta.url);
/** Columns that depend on the machine: clocks, memory, names in its kernel. They are left out. */
const OF_THE_MACHINE = /^(TIME|TIME-.*|LOADAVG|FREE\(KB\)|REASON)$/;
/** Machine-dependent text inside other columns, and what replaces it. */
const CHANGING: readonly [RegExp, string][] = [
  [/\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z/g, "DATE"],
  [/\d\d:\d\d:\d\d(?=\D|$)/g, "HH:MM:SS"],
  [/(loadavg: )[\d. /]+/g, "$1…"],
];
/**
 * Harmful text: terminal escape sequences, a faked line, HTML. WILD_BYTES adds bytes that are not
 * UTF-8 and a surrogate.
 */
const WILD = new TextEncoder().encode(
  '\x1b[2J\x1b]0;title\x07\nfake line\r\x7f\u009b1m\u2028\u2029\u202e\ufffe</script>"\\\\',
);
const WILD_BYTES = Uint8Array.of(...WILD, 0xed, 0xa0, 0x80, 0xff, 0, 0x1b, 0x41);
/** Longer than any event of any tool. */
const LONG = Uint8Array.from({ length: 1 << 16 }, (_, i) => WILD_BYTES[i % WILD_BYTES.length]!);
const UNSAFE = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u202a-\u202e\ufffe\uffff]/u;

/** Checks that an event's text cannot harm a terminal, a reader of JSON or a web page. */
function checkWild(plan: EventPlan<Event>): void {
  const columns = plan.columns.filter((column) => column !== false);
  const print = { table: tableRow(columns), json: jsonRow(columns), csv: csvRow(columns) };
  for (const text of [WILD, WILD_BYTES, LONG]) {
    const event = sampleEvent(plan.event, "one", text);
    const json = print.json(event);
    for (const line of [print.table(event), print.csv(event), json]) {
      assert.doesNotMatch(line, UNSAFE);
    }
    assert.doesNotMatch(json, /\\ud[89a-f]|[^\x20-\x7e\u00a0-\u{10ffff}]/iu);
    assert.doesNotMatch(JSON.stringify(shown(JSON.parse(json))), UNSAFE);
    for (const line of plan.below?.(event) ?? []) assert.doesNotMatch(escapeText(line), UNSAFE);
  }
}

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
const plans = new Map<string, EventPlan<Event>>();
for (const [name, load] of Object.entries(tools)) {
  const tool = (await load()).default;
  const table = await import(`./${name}/${name}.cases.ts`) as { default: Cases };
  const words = table.default.usage?.right ?? (tool.sample || []);
  const planFor = (...more: string[]): Plan<Event> => {
    const values = parseOptions(tool.options, [...more, ...words], pretend());
    return planOf(tool, values as never, pretend()) as Plan<Event>;
  };
  const plan = planFor();
  // Events of tools with C source (trace) depend on the typed probes: their own tests cover them.
  if (!("event" in plan) || plan.source) continue;
  found.set(name, rowsOf(plan));
  const asJson = planFor("--json");
  // criticalstat reads kernel stacks from a map for JSON, which takes a loaded program.
  if ("event" in asJson && name !== "criticalstat") plans.set(name, asJson);
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
    // A new tool has no expected rows yet: then only making its rows and JSON is tested.
    assert.deepEqual(lines, kept.get(name) ?? lines);
  });
}

for (const [name, plan] of plans) {
  test(`${name} prints texts of others so that they do no harm`, () => checkWild(plan));
}
