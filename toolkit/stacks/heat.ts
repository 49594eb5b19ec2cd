/**
 * When stacks were seen: heat maps over time in pages of flame graphs (heat.h).
 *
 * @module
 */

import { type Bpf, type LoadOptions, struct, u64 } from "../../mod.ts";
import { monotonicTime } from "../../plumbing.ts";
import { flag, type Option } from "../options/options.ts";
import type { Report } from "../output/report.ts";
import { tellDropped } from "../run/losses.ts";
import type { HeatClock } from "./flame_graph.ts";
import { sizeOption } from "./stack_options.ts";
import { type Heat, StackKey, type StackSum } from "./stacks.ts";

/** 50 slices make a second. */
const SLICE_MS = 20;
const NS_PER_MS = 1_000_000;
const ENTRIES = 131072;

const HeatKey = struct("heat_key", { stack: StackKey, slice: u64.asNumber });

/** Options of tools that count samples. */
export const heatOptions: {
  readonly heat: Option<boolean>;
  readonly heatSize: Option<number>;
} = {
  heat: flag({
    long: "heat",
    help:
      "show in the page of --html when samples came, a row for each 20 ms of a second, and the " +
      "flame graph of moments that are selected there",
  }),
  heatSize: sizeOption(
    "heat-storage-size",
    "with --heat, the number of stacks in each 20 ms together",
    ENTRIES,
  ),
};

/** The globals and map sizes of heat.h for these options. */
export function heatSettings(
  { heat, heatSize }: { readonly heat: boolean; readonly heatSize: number },
): Required<Pick<LoadOptions, "globals" | "maps">> {
  return {
    globals: { heat_slice_ns: heat ? BigInt(SLICE_MS * NS_PER_MS) : 0n },
    maps: { heat: { maxEntries: heat ? heatSize : 1 } },
  };
}

/** Sums, each with its samples by slice of time. */
export function heated(
  bpf: Bpf,
  sums: readonly (readonly [StackKey, StackSum])[],
): [StackKey, StackSum, Heat][] {
  const byStack = new Map<string, Map<number, number>>();
  for (const [{ stack, slice }, count] of bpf.map("heat", HeatKey, u64.asNumber)) {
    const key = textOf(stack);
    const heat = byStack.get(key);
    if (heat) heat.set(slice, count);
    else byStack.set(key, new Map([[slice, count]]));
  }
  return sums.map(([key, sum]) => [key, sum, byStack.get(textOf(key)) ?? new Map()]);
}

/** How the kernel side numbers slices: by CLOCK_MONOTONIC, as bpf_ktime_get_ns() tells it. */
export function heatClock(): HeatClock {
  return { sliceMs: SLICE_MS, start: Date.now() - monotonicTime() / NS_PER_MS };
}

/** Reports what the heat map lacks, if anything. */
export function tellHeatDropped(bpf: Bpf, report: Report, tool: string): void {
  tellDropped(
    report,
    tool,
    "samples of the heat map",
    bpf.global("heat_dropped", u64.asNumber).value,
    {
      reason: "the kernel's map of their times was full: raise --heat-storage-size",
    },
  );
}

const textOf = (key: StackKey): string => Object.values(key).join(" ");
