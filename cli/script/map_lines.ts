/**
 * Prints the maps of a script as lines: tables and histograms, folded stacks, or JSON.
 *
 * @module
 */

import { log2Lines } from "../../mod.ts";
import { displayWidth } from "../../toolkit/output/columns.ts";
import { escapeText, toJson } from "../../toolkit/output/escape.ts";
import type { ProfiledStack } from "../../toolkit/stacks/stack_files.ts";
import { type NamedKey, type NamedStack, textOf } from "./map_keys.ts";
import { type Entry, isNumber, type MapContent, type Slots } from "./read_maps.ts";
import { type Frame, frameName } from "./stack_names.ts";
import { foldedText, missedStack } from "../../toolkit/stacks/kept_stacks.ts";

/** How maps are printed. */
export interface MapLineOptions {
  readonly json: boolean;
  /** Print entries with stacks in the folded format, one line each. */
  readonly folded: boolean;
}

/** The lines of maps. */
export function mapLines(maps: readonly MapContent[], options: MapLineOptions): string[] {
  return maps.flatMap((map) =>
    map.kind === "entries"
      ? entryLines(map.name, map.entries, options)
      : map.histograms.flatMap((each) => histogramLines(map.name, each, options))
  );
}

/** The entries of maps that count by stack, for flame graphs. */
export function profiledStacks(maps: readonly MapContent[]): ProfiledStack[] {
  return maps.flatMap((map) =>
    map.kind !== "entries" ? [] : map.entries.filter(hasWeight).map(({ key, value }) => ({
      comm: key.text || map.name,
      pid: undefined,
      tid: undefined,
      frames: outermostFirst(key),
      value: Number(value),
    }))
  );
}

/** `comm;main;read;vfs_read 3` of each entry with stacks. */
export function foldedLines(maps: readonly MapContent[]): string[] {
  return maps.flatMap((map) =>
    map.kind !== "entries" ? [] : map.entries.filter(hasWeight).map(({ key, value }) => {
      const parts = [key.text || map.name, ...outermostFirst(key).map(frameName)];
      return escapeText(foldedText(parts, textOf(value)));
    })
  );
}

const hasStacks = ({ key }: Entry) => key.stacks.length > 0;
const hasWeight = (entry: Entry) => hasStacks(entry) && isNumber(entry.value);

function entryLines(
  name: string,
  entries: readonly Entry[],
  { json, folded }: MapLineOptions,
): string[] {
  if (json) return entries.map(({ key, value }) => toJson({ map: name, key: key.json, value }));
  if (entries.some(hasStacks)) {
    if (folded) return foldedLines([{ kind: "entries", name, entries }]);
    const blocks = entries.map(({ key, value }) => [
      "",
      ...stackLines(key),
      `    ${[key.text, textOf(value)].filter(Boolean).join("  ")}`,
    ]);
    return ["", `${name}:`, ...blocks.flat()];
  }
  const rows = entries.map(({ key, value }) => [...key.parts, textOf(value)]);
  const heads = entries[0]!.key.heads;
  if (heads.length > 0) rows.unshift([...heads, "value"]);
  const widths = rows[0]!.slice(0, -1)
    .map((_, i) => Math.max(...rows.map((row) => displayWidth(row[i]!))));
  const padded = (cell: string, i: number) =>
    i < widths.length ? cell + " ".repeat(widths[i]! - displayWidth(cell)) : cell;
  return ["", `${name}:`, ...rows.map((row) => `  ${row.map(padded).join("  ")}`)];
}

function histogramLines(
  name: string,
  { key, slots, negative }: Slots,
  { json }: MapLineOptions,
): string[] {
  if (json) {
    const below = negative.length > 0 ? { negative } : {};
    return [toJson({ map: name, ...key ? { key: key.json } : {}, slots, ...below })];
  }
  // `slots` counts 0 and 1 apart; log2Lines() draws both in its first row, "0 -> 1".
  const [zeros = 0, ones = 0, ...rest] = slots;
  const counts = new Map([0, zeros + ones, ...rest].entries());
  negative.forEach((count, bits) => counts.set(-bits, count));
  const bars = log2Lines(counts, { valueType: "value" });
  const title = key && key.text !== "" ? `${name} of ${key.text}:` : `${name}:`;
  return ["", ...key ? stackLines(key) : [], title, ...bars];
}

/** The lines of a key's stacks, innermost first: kernel frames, then user frames. */
function stackLines({ stacks }: NamedKey): string[] {
  const lines = (isKernel: boolean) =>
    stacks.filter((stack) => stack.isKernel === isKernel).flatMap(framesOf)
      .map((frame) => `  ${escapeText(frameName(frame))}`);
  return [...lines(true), ...lines(false)];
}

/** The frames of a key's stacks, outermost first: user frames, then kernel frames. */
function outermostFirst({ stacks }: NamedKey): Frame[] {
  const frames = (isKernel: boolean) =>
    stacks.filter((stack) => stack.isKernel === isKernel)
      .flatMap((stack) => framesOf(stack).toReversed());
  return [...frames(false), ...frames(true)];
}

function framesOf({ isKernel, frames }: NamedStack): readonly Frame[] {
  if (frames) return frames;
  const name = missedStack(isKernel ? "Kernel" : "User");
  return [{ address: 0n, kernel: isKernel, symbol: { name, offset: 0, module: undefined } }];
}
