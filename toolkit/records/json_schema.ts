/**
 * JSON Schema (draft 2020-12) of records.
 *
 * @module
 */

import {
  kindOf,
  type Member,
  type MemberKind,
  type Members,
  type RecordShape,
} from "./record_shape.ts";

/** A part of a schema. */
export type Schema = { readonly [key: string]: unknown };

const HEX: Schema = { type: "string", pattern: "^([0-9a-f]{2})+$" };

const TYPES: Readonly<Record<MemberKind, Schema>> = {
  text: { type: "string" },
  texts: { type: "array", items: { type: "string" } },
  number: { type: "number" },
  id: { type: "number" },
  numbers: { type: "array", items: { type: "number" } },
  count: { type: "number", minimum: 0 },
  flag: { type: "boolean" },
  time: { type: "string", format: "date-time" },
  figures: { type: "object", additionalProperties: { type: ["number", "null"] } },
  any: {},
};

function typeOf(member: Member): Schema {
  if (typeof member !== "string") {
    return isList(member) ? { type: "array", items: objectOf(member[0]) } : objectOf(member);
  }
  const [kind, isNullable] = kindOf(member);
  const schema = TYPES[kind];
  return isNullable && "type" in schema ? { ...schema, type: [schema.type, "null"] } : schema;
}

const isList = (member: Members | readonly [Members]): member is readonly [Members] =>
  Array.isArray(member);

/** The bytes of texts that are not UTF-8 are in a member beside them (escape.ts). */
function hexOf(name: string, member: Member): [string, Schema][] {
  if (typeof member !== "string") return [];
  const [kind] = kindOf(member);
  if (kind === "text") return [[`${name}_hex`, HEX]];
  const items = { anyOf: [HEX, { type: "null" }] };
  return kind === "texts" ? [[`${name}_hex`, { type: "array", items }]] : [];
}

function objectOf(members: Members, more: Schema = {}): Schema {
  const named = Object.entries(members)
    .map(([name, member]) => [name.replace(/\?$/, ""), member, !name.endsWith("?")] as const);
  return {
    type: "object",
    properties: {
      ...more,
      ...Object.fromEntries(
        named.flatMap(([name, member]) => [[name, typeOf(member)], ...hexOf(name, member)]),
      ),
    },
    required: [
      ...Object.keys(more),
      ...named.filter(([, , isRequired]) => isRequired).map(([name]) => name),
    ],
    additionalProperties: false,
  };
}

/** The schema of one line of a tool's records. */
export function jsonSchema(
  tool: { readonly name: string; readonly summary: string },
  shapes: readonly RecordShape[],
): Schema {
  // Several shapes may be of one kind: histograms of processes and of all.
  const names = shapes.map(({ kind = "row" }, i) => {
    const before = shapes.slice(0, i).filter((other) => (other.kind ?? "row") === kind).length;
    return before === 0 ? kind : `${kind}_${before + 1}`;
  });
  return {
    $schema: "https://json-schema.org/draft/2020-12/schema",
    title: tool.name,
    description: tool.summary,
    anyOf: names.map((name) => ({ $ref: `#/$defs/${name}` })),
    $defs: Object.fromEntries(
      shapes.map(({ kind, members }, i) => [
        names[i],
        objectOf(members, kind === undefined ? {} : { record: { const: kind } }),
      ]),
    ),
  };
}
