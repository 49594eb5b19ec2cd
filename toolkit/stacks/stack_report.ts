/**
 * Prints stacks as bcc's tools do: in full, folded, as JSON, or into files.
 *
 * @module
 */

import { type Bpf, u64 } from "../../mod.ts";
import { escapeLines } from "../output/escape.ts";
import type { Report } from "../output/report.ts";
import { tellDropped } from "../run/losses.ts";
import {
  type ProfiledStack,
  type StackFileOptions,
  stackFiles,
  writeStackFiles,
} from "./stack_files.ts";
import { reportEnds } from "./stack_walk.ts";
import type { HeatClock } from "./flame_graph.ts";
import {
  type Frame,
  frameName,
  frameText,
  type Heat,
  type StackKey,
  type Stacks,
  type StackSample,
  type StackSum,
} from "./stacks.ts";
import { foldedText, missedStack } from "./kept_stacks.ts";

/** How stacks are printed. */
export interface StackReportOptions extends StackFileOptions {
  /** The tool's name. */
  readonly tool: string;
  /** The name of the sums in JSON and flame graphs: `samples`. */
  readonly unit: string;
  readonly folded: boolean;
  readonly delimited: boolean;
  readonly userOnly: boolean;
  readonly kernelOnly: boolean;
  /** Whether threads are distinguished. */
  readonly threads: boolean;
  /** The option that makes room for more sums, if there is one. */
  readonly sumsOption?: string;
  /** Whether folded lines mark kernel frames by `_[k]`. */
  readonly annotated?: boolean;
  /** How slices of time are numbered, where samples have them. */
  readonly clock?: HeatClock | undefined;
  /** Formats a frame that is printed on a line of its own. */
  line(frame: Frame): string;
}

/** What is reported by {@linkcode reportStacks}. */
export interface ReportedSums {
  readonly stacks: Pick<Stacks, "each" | "read" | "sums">;
  /** In place of all that the kernel side has. */
  readonly sums?: Iterable<readonly [StackKey, StackSum, Heat?]> | undefined;
  /** The sum to show for one of the kernel side's. */
  shown?(sum: number): number;
}

/** Names the stacks and prints them. */
export async function reportStacks(
  bpf: Bpf,
  report: Report,
  { stacks, sums = stacks.sums(), shown = (sum) => sum }: ReportedSums,
  options: StackReportOptions,
): Promise<void> {
  const hasFiles = stackFiles(options).length > 0;
  const isPrinted = !hasFiles || report.json || options.folded;
  const asShown = (sample: StackSample) => ({ ...sample, sum: shown(sample.sum) });
  let missed = 0;
  const print = (sample: StackSample) => {
    missed += sample.count * missedStacks(sample);
    if (!isPrinted) return;
    if (!report.json) report.escaped(escapeLines(linesOf(sample, options)));
    if (report.takesRecords) report.record("stack", recordOf(sample, options));
  };
  const samples = hasFiles ? (await stacks.read(report, sums)).map(asShown) : [];
  reportFiles(report, samples, options);
  if (isPrinted && !options.folded) report.line();
  if (hasFiles) samples.forEach(print);
  else await stacks.each(report, sums, (sample) => print(asShown(sample)));
  const { tool, sumsOption } = options;
  const reason = SUMS_FULL + (sumsOption === undefined ? FEWER : `raise ${sumsOption}`);
  tellMissed(bpf, report, missed, tool, "events", reason);
}

const linesOf = (sample: StackSample, options: StackReportOptions) =>
  options.folded ? [foldedLine(sample, options)] : textLines(sample, options);

function recordOf(sample: StackSample, options: StackReportOptions): Record<string, unknown> {
  return {
    pid: sample.pid,
    ...options.threads ? { tid: sample.tid } : {},
    comm: sample.comm,
    [options.unit]: sample.sum,
    user: options.kernelOnly ? undefined : sample.user?.map(frameName) ?? null,
    kernel: options.userOnly ? undefined : sample.kernel?.map(frameName) ?? null,
  };
}

/** Writes the requested files; false if none was requested. */
export function reportFiles(
  report: Report,
  samples: readonly StackSample[],
  options: StackReportOptions,
): boolean {
  const { tool, unit, clock, folded: _, ...rest } = options;
  if (stackFiles(rest).length === 0) return false;
  const stacks = samples.map((sample) => profiled(sample, options));
  const lines = () => samples.map((sample) => foldedLine(sample, options));
  const files = writeStackFiles({ tool, unit, time: Date.now(), stacks, clock }, lines, rest);
  for (const { file, text } of files) {
    report.line(text);
    report.record("graph", { file });
  }
  return files.length > 0;
}

/** How many of the two stacks of a sample could not be kept. */
const missedStacks = ({ user, kernel }: StackSample) => Number(!user) + Number(!kernel);

const STACKS_FULL = {
  reason: "the kernel's map of stacks was full: raise --stack-storage-size",
  when: "of this report",
};

const SUMS_FULL = "the kernel's map of sums was full: ";
const FEWER = "trace fewer, by a filter or other arguments (--help lists them)";

/** Reports dropped stacks and counts, if any. */
export function reportDroppedStacks(
  bpf: Bpf,
  report: Report,
  samples: readonly StackSample[],
  tool: string,
  what = "events",
  reason = SUMS_FULL + FEWER,
): void {
  const missed = samples.reduce((sum, each) => sum + each.count * missedStacks(each), 0);
  tellMissed(bpf, report, missed, tool, what, reason);
}

function tellMissed(
  bpf: Bpf,
  report: Report,
  missed: number,
  tool: string,
  what: string,
  reason: string,
): void {
  tellDropped(report, tool, "stacks", missed, STACKS_FULL);
  reportEnds(bpf, report, tool);
  tellDropped(report, tool, what, bpf.global("dropped", u64.asNumber).value, { reason });
}

/** The frame shown in place of a stack that could not be kept. */
const missed = (kernel: boolean): Frame => ({
  address: 0n,
  kernel,
  symbol: { name: missedStack(kernel ? "Kernel" : "User"), offset: 0, module: undefined },
});

/** The frames to show, outermost first. */
function shown({ user, kernel }: StackSample, options: StackReportOptions) {
  return {
    user: options.kernelOnly ? [] : (user ?? [missed(false)]).toReversed(),
    kernel: options.userOnly ? [] : (kernel ?? [missed(true)]).toReversed(),
  };
}

function profiled(sample: StackSample, options: StackReportOptions): ProfiledStack {
  const { user, kernel } = shown(sample, options);
  return {
    comm: sample.comm,
    pid: sample.pid === 0 && sample.comm === "" ? undefined : sample.pid,
    tid: options.threads ? sample.tid : undefined,
    frames: [...user, ...kernel],
    value: sample.sum,
    heat: sample.heat,
  };
}

/** `comm;main;read;entry_SYSCALL_64;vfs_read 3` */
export function foldedLine(sample: StackSample, options: StackReportOptions): string {
  const { user, kernel } = shown(sample, options);
  const delimiter = options.delimited && user.length > 0 && kernel.length > 0 ? ["-"] : [];
  const mark = options.annotated ? "_[k]" : "";
  const frames = [
    sample.comm,
    ...user.map(frameName),
    ...delimiter,
    ...kernel.map((frame) => frameName(frame) + mark),
  ];
  return foldedText(frames, sample.sum);
}

function textLines(sample: StackSample, options: StackReportOptions): string[] {
  const { user, kernel, comm, pid, tid, sum } = sample;
  const lines = (frames: readonly Frame[] | undefined, kind: "Kernel" | "User") =>
    frames?.map(options.line) ?? [missedStack(kind)];
  const delimiter = options.delimited && user?.length && kernel?.length ? ["--"] : [];
  const frames = [
    ...options.userOnly ? [] : lines(kernel, "Kernel"),
    ...delimiter,
    ...options.kernelOnly ? [] : lines(user, "User"),
    `${"-".padEnd(16)} ${comm} (${options.threads ? tid : pid})`,
  ];
  return [...frames.map((line) => `    ${line}`), `        ${sum}`, ""];
}

const FULL = { offset: true, module: true };

/** A frame with its offset and module: `main+0x1c [app]`, `vfs_read+0x5 [kernel]`. */
export function fullFrame(frame: Frame): string {
  const { symbol, kernel } = frame;
  if (!kernel || !symbol || symbol.module !== undefined) return frameText(frame, FULL);
  return frameText({ ...frame, symbol: { ...symbol, module: "kernel" } }, FULL);
}
