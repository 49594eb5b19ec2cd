/**
 * Printing stacks as bcc's tools do: in full, folded, as JSON; or as a flame graph.
 *
 * @module
 */

import { type Bpf, formatSymbol, u64 } from "../../mod.ts";
import { flamePage } from "./flame_page.ts";
import { comparable, parseFolded } from "./flame_diff.ts";
import { type FlameGraph, flameGraph, type FlameStack, flameSvg } from "./flame_graph.ts";
import type { Report } from "../output/report.ts";
import { tellDropped } from "../run/losses.ts";
import { type Frame, frameName, type StackSample } from "./stacks.ts";

/** How stacks are printed. */
export interface StackReportOptions {
  /** The tool's name. */
  readonly tool: string;
  /** What is summed, as a key of JSON and in flame graphs: `samples`. */
  readonly unit: string;
  readonly folded: boolean;
  readonly delimited: boolean;
  readonly userOnly: boolean;
  readonly kernelOnly: boolean;
  /** Whether threads are told apart. */
  readonly threads: boolean;
  readonly svg: string | undefined;
  readonly html: string | undefined;
  /** Folded output of an earlier run, which flame graphs show the difference to. */
  readonly compare?: string | undefined;
  /** Mark the kernel's frames where names stand alone. */
  readonly annotated?: boolean;
  /** A frame where it has a line of its own. */
  line(frame: Frame): string;
}

/** Prints the stacks. */
export function reportStacks(
  bpf: Bpf,
  report: Report,
  samples: readonly StackSample[],
  options: StackReportOptions,
): void {
  const isPrinted = !reportGraphs(report, samples, options) || report.json || options.folded;
  if (isPrinted && !options.folded) report.line();
  for (const sample of isPrinted ? samples : []) {
    if (options.folded) report.line(foldedLine(sample, options));
    else for (const line of textLines(sample, options)) report.line(line);
    report.record("stack", {
      pid: sample.pid,
      ...options.threads ? { tid: sample.tid } : {},
      comm: sample.comm,
      [options.unit]: sample.sum,
      user: options.kernelOnly ? undefined : sample.user?.map(frameName) ?? null,
      kernel: options.userOnly ? undefined : sample.kernel?.map(frameName) ?? null,
    });
  }
  reportDroppedStacks(bpf, report, samples, options.tool);
}

/** Draws the flame graphs that were asked for; whether there were any. */
export function reportGraphs(
  report: Report,
  samples: readonly StackSample[],
  options: StackReportOptions,
): boolean {
  const pictures = writeGraphs(samples, options);
  for (const { file, text } of pictures) {
    report.line(text);
    report.record("graph", { file });
  }
  return pictures.length > 0;
}

/** How many of a sample's two stacks the kernel could not keep. */
const missedStacks = ({ user, kernel }: StackSample) => Number(!user) + Number(!kernel);

const STACKS_FULL = {
  reason: "the kernel's map of stacks was full: raise --stack-storage-size",
  when: "of this report",
};

/** Tells what the report does not, if anything. */
export function reportDroppedStacks(
  bpf: Bpf,
  report: Report,
  samples: readonly StackSample[],
  tool: string,
  what = "events",
  reason = "the kernel's map of sums was full",
): void {
  const stacks = samples.reduce((sum, each) => sum + each.count * missedStacks(each), 0);
  tellDropped(report, tool, "stacks", stacks, STACKS_FULL);
  tellDropped(report, tool, what, bpf.global("lost", u64.asNumber).value, { reason });
}

/** The frames of a stack that is shown, outermost first. */
function shown({ user, kernel }: StackSample, options: StackReportOptions) {
  return {
    user: options.kernelOnly ? [] : (user?.map(frameName) ?? ["[Missed User Stack]"]).toReversed(),
    kernel: options.userOnly
      ? []
      : (kernel?.map(frameName) ?? ["[Missed Kernel Stack]"]).toReversed(),
  };
}

/** `comm;main;read;entry_SYSCALL_64;vfs_read 3` */
export function foldedLine(sample: StackSample, options: StackReportOptions): string {
  const { user, kernel } = shown(sample, options);
  const delimiter = options.delimited && user.length > 0 && kernel.length > 0 ? ["-"] : [];
  const mark = options.annotated ? "_[k]" : "";
  const frames = [sample.comm, ...user, ...delimiter, ...kernel.map((name) => name + mark)];
  // Rust has types such as [u8; 4].
  return `${frames.map((frame) => frame.replaceAll(";", ":")).join(";")} ${sample.sum}`;
}

function textLines(sample: StackSample, options: StackReportOptions): string[] {
  const { user, kernel, comm, pid, tid, sum } = sample;
  const lines = (frames: readonly Frame[] | undefined, kind: string) =>
    frames?.map(options.line) ?? [`[Missed ${kind} Stack]`];
  const delimiter = options.delimited && user?.length && kernel?.length ? ["--"] : [];
  const frames = [
    ...options.userOnly ? [] : lines(kernel, "Kernel"),
    ...delimiter,
    ...options.kernelOnly ? [] : lines(user, "User"),
    `${"-".padEnd(16)} ${comm} (${options.threads ? tid : pid})`,
  ];
  return [...frames.map((line) => `    ${line}`), `        ${sum}`, ""];
}

/** A frame with its offset and module: `main+0x1c [app]`, `vfs_read+0x5 [kernel]`. */
export function fullFrame({ symbol, address, kernel }: Frame): string {
  const named = kernel && symbol ? { ...symbol, module: symbol.module ?? "kernel" } : symbol;
  return formatSymbol(named, address, { offset: true, module: true });
}

/**
 * Makes sure at the start that what is asked for can be read and written at the end.
 *
 * @throws {Error}
 */
export function requireGraphs(
  { svg, html, compare }: Pick<StackReportOptions, "svg" | "html" | "compare">,
): void {
  for (const file of [svg, html]) if (file !== undefined) write(file, "a", "");
  readEarlier(compare);
}

function write(file: string, flag: "a" | "w", content: string): void {
  try {
    process.getBuiltinModule("node:fs").writeFileSync(file, content, { flag });
  } catch (error) {
    throw new Error(`Cannot write the flame graph: ${(error as Error).message}`);
  }
}

function readEarlier(file: string | undefined): FlameStack[] | undefined {
  if (file === undefined) return undefined;
  try {
    return parseFolded(process.getBuiltinModule("node:fs").readFileSync(file, "utf8"));
  } catch (error) {
    const reason = (error as Error).message;
    const advice = error instanceof SyntaxError ? ": give what -f/--folded has printed" : "";
    throw new Error(`Cannot compare with ${JSON.stringify(file)}: ${reason}${advice}`);
  }
}

function flameStacks(samples: readonly StackSample[], options: StackReportOptions): FlameStack[] {
  return samples.map((sample) => {
    const { user, kernel } = shown(sample, options);
    const frames = [
      { name: sample.comm, kind: "comm" as const },
      ...user.map((name) => ({ name, kind: "user" as const })),
      ...kernel.map((name) => ({ name, kind: "kernel" as const })),
    ];
    return { frames, value: sample.sum };
  });
}

function writeGraphs(samples: readonly StackSample[], options: StackReportOptions) {
  const { tool, unit, svg, html, compare } = options;
  if (svg === undefined && html === undefined) return [];
  const stacks = flameStacks(samples, options);
  const earlier = readEarlier(compare);
  const graph = flameGraph(earlier ? comparable(stacks) : stacks, { title: tool, unit, earlier });
  const { value, before } = graph.root;
  const draw = (file: string | undefined, make: (graph: FlameGraph) => string) => {
    if (file === undefined) return [];
    write(file, "w", make(graph));
    const text = `${file}: ${value} ${unit}` + (before === undefined ? "" : `, before: ${before}`);
    return [{ file, text }];
  };
  return [...draw(svg, flameSvg), ...draw(html, flamePage)];
}
