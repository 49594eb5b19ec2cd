/**
 * Reports of outstanding allocations (allocations.h), in the format of bcc's memleak.
 *
 * @module
 */

import { type Bpf, type Infer, monotonicTime, struct, u32, u64 } from "../../mod.ts";
import type { Report } from "../../toolkit/output/report.ts";
import {
  foldedLine,
  fullFrame,
  reportDroppedStacks,
  reportFiles,
  type StackReportOptions,
} from "../../toolkit/stacks/stack_report.ts";
import {
  type Frame,
  frameName,
  type StackKey,
  type Stacks,
  type StackSample,
  type StackSum,
} from "../../toolkit/stacks/stacks.ts";
import { GRAPH_SHAPE, type RecordShape, recordShape } from "../../toolkit/records/record_shape.ts";

const NS_PER_MS = 1e6;
const DROPPED = "more were outstanding at a time than --alloc-storage-size has room for";
const NO_STACK = 0n;

/** struct allocation of allocations.h. */
const Allocation = struct("allocation", {
  size: u64.asNumber,
  time: u64.asNumber,
  stack: u64,
  image: u64.asNumber,
});
type Allocation = Infer<typeof Allocation>;

/** struct mapping of mappings.h. */
const Mapping = struct("mapping", { allocation: Allocation, slot: u32, unused: u32 });

/** Options of a report. */
export interface LeakOptions {
  /** The traced process; undefined: the kernel. */
  readonly pid: number | undefined;
  readonly comm: string;
  /** Print sums made in the kernel, without ages. */
  readonly combinedOnly: boolean;
  readonly showAllocations: boolean;
  /** The minimum age of allocations, in milliseconds. */
  readonly olderMs: number;
  readonly sort: "size" | "count";
  /** How many stacks to show. */
  readonly top: number;
  readonly folded: boolean;
  readonly svg: string | undefined;
  readonly html: string | undefined;
  readonly outputs: readonly string[];
  readonly compare: string | undefined;
}

/** Prints the outstanding allocations. */
export async function reportLeaks(
  bpf: Bpf,
  report: Report,
  stacks: Stacks,
  options: LeakOptions,
): Promise<void> {
  const { combinedOnly, pid, comm, sort, top } = options;
  const allocations = combinedOnly ? [] : outstanding(bpf, options);
  // In sums that the kernel side made, `process` is an image id: others are of before an exec.
  const groups = combinedOnly
    ? stacks.sums().filter(([{ process }]) => process === imageOf(bpf))
    : grouped(allocations, pid !== undefined);
  const samples = await stacks.read(
    report,
    groups.filter(([, { count }]) => count > 0)
      .map(([key, sum]) => [{ ...key, pid: pid ?? 0, process: pid ?? 0, comm }, sum]),
  );
  if (sort === "count") samples.sort((a, b) => a.count - b.count);
  const shown = samples.slice(-top);
  const graph = graphOptions(options);
  const isDrawn = reportFiles(report, samples, graph);
  for (const sample of options.folded ? samples : []) report.line(foldedLine(sample, graph));
  if (!isDrawn && !options.folded) printText(report, shown, allocations, options);
  printJson(report, shown, allocations, options);
  reportDroppedStacks(bpf, report, samples, "memleak", "allocations", DROPPED);
}

/** The current image id of the process, which counts its execs: see allocations.h. */
const imageOf = (bpf: Bpf) => bpf.global("image", u32).value;

/** Allocations of at least the minimum age, smallest first. */
function outstanding(bpf: Bpf, { olderMs }: LeakOptions): [bigint, Allocation][] {
  const latest = monotonicTime() - olderMs * NS_PER_MS;
  const image = imageOf(bpf);
  const allocations = bpf.map("allocations", u64, Allocation);
  const mappings = bpf.map("mappings", u64, Mapping);
  const known = [
    ...allocations,
    ...[...mappings].map(([at, { allocation }]) => [at, allocation] as [bigint, Allocation]),
  ];
  for (const [address, allocation] of known) {
    if (allocation.image === image) continue;
    allocations.delete(address);
    mappings.delete(address);
  }
  return known.filter((each) => each[1].time <= latest && each[1].image === image)
    .sort(([, a], [, b]) => a.size - b.size);
}

function grouped(allocations: [bigint, Allocation][], isUser: boolean): [StackKey, StackSum][] {
  const sums = new Map<bigint, { sum: number; count: number; first: number }>();
  for (const [, { size, time, stack }] of allocations) {
    const known = sums.get(stack) ?? { sum: 0, count: 0, first: time };
    sums.set(stack, {
      sum: known.sum + size,
      count: known.count + 1,
      first: Math.min(known.first, time),
    });
  }
  const none = { pid: 0, tid: 0, process: 0, image: 0, comm: "" };
  return [...sums].map(([stack, sum]) => [
    isUser
      ? { user: stack, kernel: NO_STACK, ...none }
      : { user: NO_STACK, kernel: stack, ...none },
    sum,
  ]);
}

function graphOptions(
  { pid, folded, svg, html, outputs, compare }: LeakOptions,
): StackReportOptions {
  const kind = { userOnly: pid !== undefined, kernelOnly: pid === undefined };
  const rest = { delimited: false, threads: false, line: fullFrame };
  return { tool: "memleak", unit: "bytes", folded, svg, html, outputs, compare, ...kind, ...rest };
}

const framesOf = (sample: StackSample, { pid }: LeakOptions): readonly Frame[] | undefined =>
  pid === undefined ? sample.kernel : sample.user;

function printText(
  report: Report,
  samples: readonly StackSample[],
  allocations: readonly [bigint, Allocation][],
  options: LeakOptions,
): void {
  const indent = " ".repeat(8);
  report.line(`[${report.clock}] Top ${options.top} stacks with outstanding allocations:`);
  for (const [address, { size }] of options.showAllocations ? allocations : []) {
    report.line(`${indent}addr = ${address.toString(16)} size = ${size}`);
  }
  const line = ({ address }: Frame) =>
    options.combinedOnly ? "" : `0x${address.toString(16).padStart(16, "0")}      `;
  for (const sample of samples) {
    report.line(`${indent}${sample.sum} bytes in ${sample.count} allocations from stack`);
    const frames = framesOf(sample, options)?.map((frame) => line(frame) + fullFrame(frame));
    for (const frame of frames ?? ["stack information lost"]) {
      report.line(`${indent}${indent}${frame}`);
    }
  }
}

/** The records that {@linkcode reportLeaks} makes. @param isKernel for the kernel's allocations */
export const leakRecords = (isKernel: boolean): readonly RecordShape[] => [
  recordShape("allocation", { address: "text", size: "number", age_ms: "number" }),
  recordShape("stack", {
    bytes: "number",
    count: "number",
    ...isKernel ? { kernel: "texts?" } : { pid: "id", comm: "text", user: "texts?" },
  }),
  GRAPH_SHAPE,
];

function printJson(
  report: Report,
  samples: readonly StackSample[],
  allocations: readonly [bigint, Allocation][],
  options: LeakOptions,
): void {
  if (!report.json) return;
  for (const [address, { size, time }] of options.showAllocations ? allocations : []) {
    const age = Math.max(0, monotonicTime() - time) / NS_PER_MS;
    report.record("allocation", { address: `0x${address.toString(16)}`, size, age_ms: age });
  }
  for (const sample of samples) {
    const { sum, count, comm } = sample;
    const frames = framesOf(sample, options)?.map(frameName) ?? null;
    const who = options.pid === undefined
      ? { kernel: frames }
      : { pid: options.pid, comm, user: frames };
    report.record("stack", { bytes: sum, count, ...who });
  }
}
