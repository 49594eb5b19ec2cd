/**
 * Reads the maps of a script, symbolizes their stacks and sorts them for display.
 *
 * @module
 */

import { type AnyMap, NEGATIVE_SLOTS, STACK_TIMES } from "../../kernel.ts";
import { type Bpf, histogramSections } from "../../mod.ts";
import { toJson } from "../../toolkit/output/escape.ts";
import { type NamedKey, namedKey } from "./map_keys.ts";
import type { AnyKernel } from "./read_script.ts";
import type { StackNames } from "./stack_names.ts";

/** An entry of a map, or several merged because their keys look the same. */
export interface Entry {
  readonly key: NamedKey;
  readonly value: unknown;
}

/** One histogram of a map. */
export interface Slots {
  /** The key of this histogram; undefined if the map has only one. */
  readonly key: NamedKey | undefined;
  /** Slot n counts the values with n significant bits; slot 0 counts zeros. */
  readonly slots: readonly number[];
  /** The same for the absolute values of negative numbers; empty if there are none. */
  readonly negative: readonly number[];
}

/** A map that is not empty. */
export type MapContent =
  | { readonly kind: "entries"; readonly name: string; readonly entries: readonly Entry[] }
  | { readonly kind: "histograms"; readonly name: string; readonly histograms: readonly Slots[] };

/** How maps are read. */
export interface MapReaderOptions {
  /** Limit on entries or histograms for each map; undefined: all. */
  readonly top: number | undefined;
  /** Whether to report the increase of counts since the previous read. */
  readonly differences: boolean;
}

/** Reads all maps that are not empty, for display. */
export class MapReader {
  /** How many counts so far have no stack because the stack map was full. */
  missedStacks = 0;
  readonly #bpf: Bpf;
  readonly #maps: readonly (readonly [name: string, map: AnyMap])[];
  readonly #called: AnyKernel["calledMethods"];
  readonly #names: StackNames | undefined;
  readonly #options: MapReaderOptions;
  /** The counts of the previous read, by map and key. */
  readonly #known = new Map<string, bigint>();

  /** @param code the loaded kernel code */
  constructor(
    bpf: Bpf,
    { loadedMaps, calledMethods }: Pick<AnyKernel, "loadedMaps" | "calledMethods">,
    names: StackNames | undefined,
    options: MapReaderOptions,
  ) {
    this.#bpf = bpf;
    this.#called = calledMethods;
    this.#names = names;
    this.#options = options;
    // A map from which programs delete holds their state (calls in flight), not results.
    this.#maps = [...loadedMaps].filter(([name, { role }]) =>
      (role === "entries" || role === "histogram") && name !== STACK_TIMES &&
      !calledMethods.get(name)?.has("delete")
    );
  }

  /** Reads all maps that are not empty. */
  read(): MapContent[] {
    return this.#maps.flatMap(([name, map]): MapContent[] => {
      if (map.role === "entries") {
        const entries = this.#entries(name, map);
        return entries.length === 0 ? [] : [{ kind: "entries", name, entries }];
      }
      const histograms = map.by ? this.#histograms(name, map) : this.#histogram(name, map);
      return histograms.length === 0 ? [] : [{ kind: "histograms", name, histograms }];
    });
  }

  /** Keys and values; with `differences`, counts are the increase since the previous read. */
  *#pairs(name: string, map: AnyMap): Generator<readonly [key: unknown, value: unknown]> {
    const all = map.isPerCpu
      ? [...this.#bpf.perCpuMap(name)].map(([key, values]) => [key, sum(values)] as const)
      : this.#bpf.map(name);
    const isCount = map.role === "histogram" || !this.#called.get(name)?.has("set");
    for (const [key, value] of all) {
      if (!this.#options.differences || !isCount || !isNumber(value)) {
        yield [key, value];
        continue;
      }
      const id = `${name} ${toJson(key)}`;
      const more = BigInt(value) - (this.#known.get(id) ?? 0n);
      this.#known.set(id, BigInt(value));
      if (more !== 0n) yield [key, more];
    }
  }

  /** The entries of a map, the greatest value first. */
  #entries(name: string, map: AnyMap): Entry[] {
    const entries = Array.from(this.#pairs(name, map), ([key, value]) => ({
      key: namedKey(map.key!, key, this.#names),
      value,
    }));
    for (const { key, value } of entries) this.#countMissed(key, value);
    return this.#first(
      merged(entries).toSorted((a, b) => compare(b.value, a.value) || compareKeys(a.key, b.key)),
    );
  }

  #histogram(name: string, map: AnyMap): Slots[] {
    const slots = slotsOf(this.#pairs(name, map) as Iterable<readonly [number, bigint]>);
    return total(slots) === 0 ? [] : [{ key: undefined, ...slots }];
  }

  /** The histograms of a map, the one with the most values first. */
  #histograms(name: string, map: AnyMap): Slots[] {
    type Pairs = Iterable<readonly [{ readonly of: unknown; readonly slot: number }, bigint]>;
    const pairs = Array.from(
      this.#pairs(name, map) as Pairs,
      ([key, count]) => [key, Number(count)] as const,
    );
    const all = histogramSections(pairs, ({ of, slot }) => [of, slot]).map((each) => ({
      key: namedKey(map.by!, each.section, this.#names),
      ...slotsOf(each.counts),
    }));
    for (const each of all) this.#countMissed(each.key, total(each));
    return this.#first(
      all.toSorted((a, b) => total(b) - total(a) || compareKeys(a.key, b.key)),
    );
  }

  #countMissed({ stacks }: NamedKey, value: unknown): void {
    const missed = stacks.filter(({ frames }) => !frames).length;
    if (missed > 0) this.missedStacks += missed * (isNumber(value) ? Number(value) : 1);
  }

  #first<T>(all: T[]): T[] {
    return all.slice(0, this.#options.top ?? all.length);
  }
}

const total = ({ slots, negative }: Omit<Slots, "key">) =>
  [...slots, ...negative].reduce((sum, count) => sum + count, 0);

function slotsOf(counts: Iterable<readonly [number, bigint | number]>): Omit<Slots, "key"> {
  const slots: number[] = [];
  const negative: number[] = [];
  for (const [slot, count] of counts) {
    if (slot <= NEGATIVE_SLOTS) slots[slot] = Number(count);
    else if (Number(count) !== 0) negative[slot - NEGATIVE_SLOTS] = Number(count);
  }
  const filled = (sparse: number[]) => Array.from(sparse, (count = 0) => count);
  return { slots: filled(slots), negative: filled(negative) };
}

/** Merges entries with numbers whose stacks have the same function names in several processes. */
function merged(entries: readonly Entry[]): Entry[] {
  const groups = Map.groupBy(
    entries,
    ({ key, value }, i) =>
      key.stacks.length > 0 && isNumber(value) ? toJson([key.text, key.json]) : i,
  );
  return [...groups.values()].map((group) =>
    group.length === 1 ? group[0]! : { ...group[0]!, value: sum(group.map(({ value }) => value)) }
  );
}

export function isNumber(value: unknown): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

/** The sum of numbers of several CPUs or processes; other values are returned unchanged. */
function sum(values: readonly unknown[]): unknown {
  if (!values.every(isNumber)) return values;
  return values.reduce((total: bigint, each) => total + BigInt(each), 0n);
}

function compare(a: unknown, b: unknown): number {
  if (!isNumber(a) || !isNumber(b)) return 0;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Compares numbers by value, texts by UTF-16 code units. */
function compareKeys(a: NamedKey, b: NamedKey): number {
  if (isNumber(a.json) && isNumber(b.json)) return compare(a.json, b.json);
  return a.text < b.text ? -1 : a.text > b.text ? 1 : 0;
}
