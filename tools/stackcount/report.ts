/**
 * Reports of counts by stack, in the format of bcc's stackcount.
 *
 * @module
 */

import type { Bpf } from "../../mod.ts";
import { CounterDeltas } from "../../toolkit/output/counter_deltas.ts";
import type { Values } from "../../toolkit/options/options.ts";
import type { Report } from "../../toolkit/output/report.ts";
import {
  foldedLine,
  reportDroppedStacks,
  reportFiles,
  type StackReportOptions,
} from "../../toolkit/stacks/stack_report.ts";
import {
  type Frame,
  frameName,
  frameText,
  type StackKey,
  type Stacks,
  type StackSample,
  type StackSum,
} from "../../toolkit/stacks/stacks.ts";
import type { stackOptions } from "../../toolkit/stacks/stack_options.ts";
import { isStopped } from "../../toolkit/probes/pattern_hooks.ts";
import { type RecordShape, recordShape } from "../../toolkit/records/record_shape.ts";
import { missedStack } from "../../toolkit/stacks/kept_stacks.ts";

/** Options of reports. */
export interface StackCountValues extends Values<typeof stackOptions> {
  readonly timestamp: boolean;
  /** Print addresses before names. */
  readonly verbose: boolean;
  readonly offsets: boolean;
  /** Whether counts are by process. */
  readonly byProcess: boolean;
  /** Whether process names are shown. */
  readonly perProcess: boolean;
  readonly pid: number | undefined;
}

/**
 * The counts since the last report. Unchanged entries are deleted: their process may have ended,
 * and nothing else would delete them.
 */
export function* deltasOfSums(
  stacks: Pick<Stacks, "sums" | "take">,
  deltas: CounterDeltas,
): Generator<readonly [StackKey, StackSum]> {
  for (const [key, sums] of stacks.sums()) {
    const { user, kernel, pid, process, image, comm } = key;
    const name = `${user} ${kernel} ${pid} ${process} ${image} ${comm}`;
    let count = deltas.since(name, sums.sum);
    if (count === 0) {
      count = (stacks.take(key)?.sum ?? sums.sum) - sums.sum;
      deltas.forget(name);
    }
    if (count > 0) yield [key, { ...sums, sum: count, count }];
  }
}

/** Returns a function that formats a frame as a line. */
function frameLine({ verbose, offsets }: StackCountValues): (frame: Frame) => string {
  return (frame) => {
    const name = frameText(frame, { offset: offsets });
    return verbose ? `${frame.address.toString(16).padEnd(16)} ${name}` : name;
  };
}

/** Merges stacks that look the same; the smallest sum first. */
function merged(samples: readonly StackSample[], line: (frame: Frame) => string): StackSample[] {
  const text = (frames: readonly Frame[] | undefined) => frames?.map(line).join("\n") ?? "missed";
  const groups = Map.groupBy(samples, ({ user, kernel }) => `${text(user)}\n\n${text(kernel)}`);
  const sum = (group: readonly StackSample[]) => group.reduce((all, { sum }) => all + sum, 0);
  return [...groups.values()].map((group) => ({ ...group[0]!, sum: sum(group) }))
    .sort((a, b) => a.sum - b.sum);
}

/** The lines of a stack and its count, as in bcc's tool. */
function textLines(
  sample: StackSample,
  options: StackReportOptions,
  values: StackCountValues,
): string[] {
  const { user, kernel, pid, comm, sum } = sample;
  const lines = (frames: readonly Frame[] | undefined, kind: "Kernel" | "User") =>
    (frames?.map(options.line) ?? [missedStack(kind)]).map((line) => `  ${line}`);
  return [
    ...values.userOnly ? [] : lines(kernel, "Kernel"),
    ...values.delimited && !values.userOnly && !values.kernelOnly ? ["    --"] : [],
    ...values.kernelOnly ? [] : lines(user, "User"),
    ...values.perProcess && values.pid === undefined ? [`    ${comm} [${pid}]`] : [],
    `    ${sum}`,
    "",
  ];
}

/** The records that {@linkcode stackReporter} makes. */
export const recordsOfStacks = (
  { byProcess, kernelOnly, userOnly }: StackCountValues,
): RecordShape =>
  recordShape("stack", {
    ...byProcess && { pid: "id" as const, comm: "text" as const },
    count: "count",
    ...!kernelOnly && { user: "texts?" as const },
    ...!userOnly && { kernel: "texts?" as const },
  });

function record(sample: StackSample, values: StackCountValues): Record<string, unknown> {
  const { user, kernel, pid, comm, sum } = sample;
  return {
    ...values.byProcess ? { pid, comm } : {},
    count: sum,
    user: values.kernelOnly ? undefined : user?.map(frameName) ?? null,
    kernel: values.userOnly ? undefined : kernel?.map(frameName) ?? null,
  };
}

/** Makes the function that prints what was counted since its last call. */
export function stackReporter(values: StackCountValues, stacks: () => Stacks) {
  const deltas = new CounterDeltas();
  const line = frameLine(values);
  const options = { ...values, tool: "stackcount", unit: "count", threads: false, line };
  return async (bpf: Bpf, report: Report) => {
    const found = await stacks().read(report, deltasOfSums(stacks(), deltas));
    const samples = values.byProcess ? found : merged(found, line);
    if (!values.folded) report.line();
    if (values.timestamp) report.line(report.clock);
    const isDrawn = reportFiles(report, samples, options);
    for (const sample of isDrawn && !report.json && !values.folded ? [] : samples) {
      if (values.folded) report.line(foldedLine(sample, options));
      else for (const text of textLines(sample, options, values)) report.line(text);
      report.record("stack", record(sample, values));
    }
    reportDroppedStacks(bpf, report, samples, "stackcount");
    if (isStopped(bpf) && !values.folded) report.line("Detaching...");
  };
}
