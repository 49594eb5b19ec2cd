/**
 * What the maps of a script hold, for people and as JSON.
 *
 * @module
 */

import type { AnyMap } from "../../kernel.ts";
import { type Bpf, log2Lines } from "../../mod.ts";
import { escapeText, toJson } from "../../toolkit/output/escape.ts";

/** The lines of all maps that hold something. */
export function mapLines(bpf: Bpf, maps: ReadonlyMap<string, AnyMap>, json: boolean): string[] {
  return [...maps].flatMap(([name, map]) => {
    if (map.role === "histogram") return histogramLines(bpf, name, json);
    if (map.role === "entries") return entryLines(bpf, name, map, json);
    return [];
  });
}

function histogramLines(bpf: Bpf, name: string, json: boolean): string[] {
  const counts: number[] = [];
  for (const [slot, count] of bpf.map(name) as Iterable<readonly [number, bigint]>) {
    counts[slot] = Number(count);
  }
  const slots = Array.from(counts, (count = 0) => count);
  if (slots.every((count) => count === 0)) return [];
  if (json) return [toJson({ map: name, slots })];
  // Of what is shown from 0 to 1 the zeros are counted by themselves.
  const [zeros = 0, ones = 0, ...rest] = slots;
  return ["", `${name}:`, ...log2Lines([0, zeros + ones, ...rest], { valueType: "value" })];
}

function entryLines(bpf: Bpf, name: string, map: AnyMap, json: boolean): string[] {
  const all = map.isPerCpu
    ? [...bpf.perCpuMap(name)].map(([key, values]) => [key, sum(values)] as const)
    : [...bpf.map(name)];
  const entries = all.toSorted(([, a], [, b]) => compare(b, a));
  if (entries.length === 0) return [];
  if (json) return entries.map(([key, value]) => toJson({ map: name, key, value }));
  const rows = entries.map(([key, value]) => [textOf(key), textOf(value)] as const);
  const width = Math.max(...rows.map(([key]) => key.length));
  return ["", `${name}:`, ...rows.map(([key, value]) => `  ${key.padEnd(width)}  ${value}`)];
}

/** Of numbers that CPUs count for themselves the sum is meant. */
function sum(values: readonly unknown[]): unknown {
  const numbers = values.filter((each) => typeof each === "number" || typeof each === "bigint");
  if (numbers.length < values.length) return values;
  return numbers.reduce((total: bigint, each) => total + BigInt(each), 0n);
}

function compare(a: unknown, b: unknown): number {
  const isNumber = (value: unknown): value is number | bigint =>
    typeof value === "number" || typeof value === "bigint";
  if (!isNumber(a) || !isNumber(b)) return 0;
  return a < b ? -1 : a > b ? 1 : 0;
}

function textOf(value: unknown): string {
  if (typeof value === "string") return escapeText(value);
  if (Array.isArray(value)) return value.map(textOf).join(" ");
  if (typeof value === "object" && value !== null) {
    return Object.values(value).map(textOf).join(" ");
  }
  return String(value);
}
