/** The results of a run: test cases, totals, the printed lines and the result files. */
import type { JobResult } from "./guest.ts";
import { formatJunit, type JunitCase, parseJunit } from "./junit.ts";
import { REPORT, type Runtime, SKIP_REASONS, type Task } from "./suite.ts";

/** A task, and the kernel that it runs on. */
export interface TaskOnKernel extends Task {
  /** The kernel, as the user names it. */
  kernel: string;
}

/** One test case, and where it ran. */
export interface CaseResult extends JunitCase {
  /** The test file; the task's first file for a problem of the whole task. */
  file: string;
  /** The runtime that ran it. */
  runtime: Runtime;
  /** The kernel, as the user names it. */
  kernel: string;
}

/** How many cases passed, failed and were skipped. */
export interface Totals {
  passed: number;
  failed: number;
  skipped: number;
}

/** Counts cases by status. */
export function count(cases: readonly { status: keyof Totals }[]): Totals {
  const totals: Totals = { passed: 0, failed: 0, skipped: 0 };
  for (const { status } of cases) totals[status]++;
  return totals;
}

/** Writes totals as the closing line of a test run. */
export function formatTotals({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** A failed case for a problem of a whole task. Its name is the problem's first line. */
export function problemCase(task: TaskOnKernel, problem: string, seconds = 0): CaseResult {
  const [name = problem] = problem.split("\n");
  const { files: [file = ""], runtime, kernel } = task;
  return { file, runtime, kernel, name, status: "failed", seconds, message: problem };
}

/** The cases of a task: those that its files reported, and one more for any other problem. */
export function toCases(
  task: TaskOnKernel,
  job: JobResult,
  seconds: number,
  console: string,
): CaseResult[] {
  const reasons = skipReasons(job.files.get(SKIP_REASONS) ?? "");
  const cases = parseJunit(job.files.get(REPORT) ?? "").map((item) => {
    const message = item.message || (item.status === "skipped" && reasons.get(item.name)) || "";
    const { files: [first = ""], runtime, kernel } = task;
    return { ...item, file: item.file ?? first, runtime, kernel, message };
  });
  const problem = problemOf(job, cases, task.files);
  if (problem === undefined) return cases;
  return [...cases, problemCase(task, console ? `${problem}\n${console}` : problem, seconds)];
}

/**
 * Parses the file in which tests log why they were skipped: the runtimes' reports lack the reasons.
 */
function skipReasons(text: string): Map<string, string> {
  const lines = text.split("\n").map((line) => line.split("\t"));
  return new Map(lines.map(([name = "", reason = ""]) => [name, reason]));
}

function problemOf(
  job: JobResult,
  cases: readonly CaseResult[],
  files: readonly string[],
): string | undefined {
  if (job.outcome === "crashed") return "guest crashed";
  if (job.outcome === "hung") return "guest hung";
  if (job.diskFull) return "filled the disk";
  if (job.outcome === "timed out") return "timed out";
  if (job.status === 0) {
    const idle = files.filter((file) => !cases.some((item) => item.file === file));
    return idle.length === 0
      ? undefined
      : idle.length === files.length
      ? "ran no test"
      : `ran no test of ${idle.join(", ")}`;
  }
  if (cases.some((item) => item.status === "failed")) return undefined;
  return `exited with status ${job.status} ${cases.length === 0 ? "and no report" : ""}`.trim();
}

/** Prints progress as it happens; lines of output begin with their origin. */
export class Printer {
  readonly #write: (line: string) => void;

  /** @param write Takes each line. */
  constructor(write: (line: string) => void) {
    this.#write = write;
  }

  /** Returns a function that takes a job's output piece by piece. */
  output(prefix: string): (text: string) => void {
    let pending = "";
    return (text) => {
      const lines = (pending + text).split("\n");
      pending = lines.pop() ?? "";
      for (const line of lines) if (line.trim() !== "") this.#write(`[${prefix}] ${line}`);
    };
  }

  /** Prints the result of files that have run. */
  files(task: TaskOnKernel, cases: readonly CaseResult[], seconds: number): void {
    const where = `(${task.runtime}, ${task.kernel})`;
    const files = task.files.join(", ");
    this.#write(`${files} ${where}: ${formatTotals(count(cases))} in ${seconds.toFixed(1)} s`);
    for (const { file, name, status, message } of cases) {
      if (status === "failed") {
        this.problem(`${file} ${where}: ${message.startsWith(name) ? message : name}`);
      }
    }
  }

  /** Prints a problem: its first line, then the details indented. */
  problem(text: string): void {
    const [first = "", ...details] = text.split("\n");
    this.#write(`FAILED ${first}`);
    for (const line of details) this.#write(`    ${line}`);
  }

  /** Prints a line about the run's progress. */
  note(text: string): void {
    this.#write(`vm: ${text}`);
  }
}

/** The counts of each kernel and runtime, one line each. */
export function summaryLines(cases: readonly CaseResult[]): string[] {
  const groups = Map.groupBy(cases, (item) => `${item.kernel} ${item.runtime}`);
  return [...groups].sort(([a], [b]) => a.localeCompare(b, "en", { numeric: true }))
    .map(([name, members]) => `vm: ${name}: ${formatTotals(count(members))}`);
}

/** The result file as JSON: every case, the totals, and the exact kernel releases. */
export function resultJson(
  cases: readonly CaseResult[],
  kernels: readonly { name: string; release: string }[],
): string {
  const releases = Object.fromEntries(kernels.map(({ name, release }) => [name, release]));
  return `${JSON.stringify({ kernels: releases, totals: count(cases), cases }, null, 1)}\n`;
}

/** All cases as one JUnit report, with a suite for each file, runtime and kernel. */
export function resultJunit(cases: readonly CaseResult[]): string {
  return formatJunit(
    Map.groupBy(cases, ({ file, runtime, kernel }) => `${file} (${runtime}, ${kernel})`),
  );
}
