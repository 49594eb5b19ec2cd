/**
 * Compares the names and types of the members of every tool's records with
 * tests/testdata/records.txt: programs that read `--json` rely on them, so a change is a change of
 * the interface.
 *
 * TSBCC_UPDATE=1 rewrites that file: describe the changes in CHANGELOG.md.
 */

import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { test } from "node:test";
import { Ajv2020 } from "npm:ajv@8.20.0/dist/2020.js";
import { parseOptions } from "../toolkit/options/options.ts";
import { jsonSchema } from "../toolkit/records/json_schema.ts";
import { recordsOf } from "../toolkit/run/plan_records.ts";
import { LOSSES, type Member, type Members } from "../toolkit/records/record_shape.ts";
import { planOf } from "../toolkit/run/run.ts";
import type { Cases } from "../tests/support/cases.ts";
import { pretend } from "../tests/support/machine.ts";
import { tools } from "./list.ts";

const FILE = new URL("../tests/testdata/records.txt", import.meta.url);

const textOf = (member: Member): string => {
  if (typeof member === "string") return member;
  return Array.isArray(member) ? `[${textOf(member[0])}]` : `{${membersText(member as Members)}}`;
};

const membersText = (members: Members): string =>
  Object.entries(members).map(([name, member]) => `${name}:${textOf(member)}`).join(" ");

const ajv = new Ajv2020({ strict: true, formats: { "date-time": true }, allowUnionTypes: true });
const found = new Map<string, string[]>();
for (const [name, load] of Object.entries(tools)) {
  const tool = (await load()).default;
  const table = await import(`./${name}/${name}.cases.ts`) as { default: Cases };
  const words = ["--json", ...table.default.usage?.right ?? (tool.sample || [])];
  const plan = planOf(tool, parseOptions(tool.options, words, pretend()) as never, pretend());
  const shapes = recordsOf(tool, plan);
  found.set(
    name,
    shapes.filter((shape) => !LOSSES.includes(shape))
      .map(({ kind = "row", members }) => `${kind} ${membersText(members)}`),
  );
  test(`${name} has a schema that is one`, () => {
    ajv.compile(jsonSchema(tool, shapes));
  });
}

const text = [...found].map(([name, lines]) => [`== ${name}`, ...lines].join("\n")).join("\n");
if (process.env.TSBCC_UPDATE === "1") writeFileSync(FILE, text + "\n");

test("records keep the names and kinds of their members", () => {
  const kept = new Map(
    readFileSync(FILE, "utf8").trimEnd().split(/^== /m).filter(Boolean)
      .map((part) => [part.split("\n", 1)[0]!, part.trimEnd().split("\n").slice(1)]),
  );
  // A new tool is not in the file yet.
  for (const [name, lines] of found) deepEqual(lines, kept.get(name) ?? lines, name);
  deepEqual([...kept.keys()].filter((name) => !found.has(name)), []);
});

test("a tool that reports and does not say what its records are made of has no schema", () => {
  const plan = { interval: undefined, report() {} };
  throws(() => recordsOf({ name: "some" }, plan), {
    name: "UsageError",
    message: "some does not tell what its records are made of",
  });
});

test("a schema tells records apart, and refuses members that are not declared", () => {
  const shapes = [
    { members: { pid: "number", name: "text", "age?": "number?", list: "texts" } },
    { kind: "total", members: { time: "time", who: [{ tid: "number" }], sums: "figures" } },
  ] as const;
  const schema = jsonSchema({ name: "some", summary: "Some tool." }, shapes);
  const isValid = ajv.compile(schema);
  const row = { pid: 1, name: "a", list: ["b"] };
  const total = {
    record: "total",
    time: "2026-01-01T00:00:00Z",
    who: [{ tid: 1 }],
    sums: { a: 1 },
  };
  for (const right of [row, { ...row, age: null }, { ...row, name_hex: "ff" }, total]) {
    ok(isValid(right), JSON.stringify(right));
  }
  ok(isValid({ ...row, list_hex: ["ff", null] }));
  for (
    const wrong of [
      { ...row, other: 1 },
      { ...row, pid: "1" },
      { ...row, record: "total" },
      { pid: 1, name: "a" },
      { ...total, who: [{ tid: null }] },
      { ...total, sums: 1 },
    ]
  ) equal(isValid(wrong), false, JSON.stringify(wrong));
});
