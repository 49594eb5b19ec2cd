/**
 * Bytes of an event to a row of the table and a record of JSON, for every tool that prints events, without a
 * kernel: two events that are made up by the types of their members, against tests/testdata/event_rows.txt.
 *
 * TSBCC_UPDATE=1 writes that file anew: read what changes.
 */

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import type { Codec, CType } from "../mod.ts";
import { parseOptions } from "../toolkit/options/options.ts";
import { type Column, jsonRow, tableRow } from "../toolkit/output/columns.ts";
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
/** More than any process or user id; members of other names are small, as indices of tables are. */
const BIG = 5_000_000;
const ID = /^(.*_)?([pt]id|tgid|[ug]id|cgroup|cookie)$/;

type Kind = "zero" | "one";

/** Fills memory by its type: numbers are 0, or 1 and ids larger; texts are names. */
function fill(view: DataView, at: number, type: CType, kind: Kind, name = ""): void {
  if (type.kind === "struct" || type.kind === "union") {
    for (const member of type.members.slice(0, type.kind === "union" ? 1 : undefined)) {
      fill(view, at + Math.floor(member.bitOffset / 8), member.type, kind, member.name);
    }
  } else if (type.kind === "array") {
    const size = bytesOf(type.element);
    if (size > 1) {
      for (let i = 0; i < type.length; i++) fill(view, at + i * size, type.element, kind, name);
    } else {
      const text = new TextEncoder().encode(name.slice(0, Math.max(type.length - 1, 0)));
      new Uint8Array(view.buffer, view.byteOffset + at, type.length).set(text);
    }
  } else {
    const value = kind === "zero" ? 0 : ID.test(name) ? BIG : 1;
    const size = bytesOf(type);
    if (size === 1) view.setUint8(at, value);
    else if (size === 2) view.setUint16(at, value, true);
    else if (size === 4) view.setUint32(at, value, true);
    else view.setBigUint64(at, BigInt(value) * 1_000_000n, true);
  }
}

const bytesOf = (type: CType): number =>
  type.kind === "array"
    ? type.length * bytesOf(type.element)
    : type.kind === "pointer"
    ? 8
    : type.bytes;

/** Where the member begins that takes what is left of an event. */
function flexibleStart(type: CType): number | undefined {
  if (type.kind !== "struct") return undefined;
  const last = type.members.at(-1);
  const isFlexible = last?.type.kind === "array" && last.type.length === 0;
  return isFlexible ? last.bitOffset / 8 : undefined;
}

function eventOf(codec: Codec<Event>, kind: Kind): Event {
  const rest = new TextEncoder().encode("rest");
  const start = flexibleStart(codec.type) ?? codec.size;
  const bytes = new Uint8Array(Math.max(codec.size, start + rest.length));
  fill(new DataView(bytes.buffer, 0, codec.size), 0, codec.type, kind);
  bytes.set(rest, start);
  return codec.read(new DataView(bytes.buffer), 0, start + rest.length);
}

function rowsOf(plan: EventPlan<Event>): string[] {
  const columns = plan.columns
    .filter((column): column is Column<Event> =>
      column !== false && !OF_THE_MACHINE.test(column.head)
    );
  const print = { table: tableRow(columns), json: jsonRow(columns) };
  return (["zero", "one"] as const).flatMap((kind) => {
    const event = eventOf(plan.event, kind);
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
