/** The README's table: which hook was seen to work on which kernel under which runtime. */
import type { Architecture } from "./kernels.ts";
import type { CaseResult } from "./report.ts";

const marker = (architecture: Architecture, word: string) =>
  `<!-- vm-table ${architecture}:${word} -->`;
/** Matches the names of tests of hooks: `attach HOOK: …`. */
const HOOK = /^attach ([\w.+ -]+):/;

/** Makes the table, in Markdown. */
export function hookTable(
  cases: readonly CaseResult[],
  kernels: readonly { name: string; release: string }[],
): string {
  const hooks = new Map<string, CaseResult[]>();
  for (const item of cases) {
    const hook = HOOK.exec(item.name)?.[1];
    if (hook !== undefined) hooks.set(hook, [...hooks.get(hook) ?? [], item]);
  }
  const runtimes = [...new Set(cases.map((item) => item.runtime))].sort().reverse();
  const columns = kernels.flatMap((kernel) => runtimes.map((runtime) => ({ kernel, runtime })));
  const rows = [...hooks].sort(([a], [b]) => a < b ? -1 : 1).map(([hook, members]) => {
    const cells = columns.map(({ kernel, runtime }) =>
      cell(members.filter((item) => item.kernel === kernel.name && item.runtime === runtime))
    );
    return [hook, ...cells];
  });
  const names = columns.map(({ kernel, runtime }) => `${kernel.release}, ${runtime}`);
  return format(["hook", ...names], rows);
}

/**
 * The text of a cell. A skipped test means that the kernel lacks the hook: where it should have it, `requires()`
 * fails.
 */
function cell(cases: readonly CaseResult[]): string {
  if (cases.length === 0) return "not run";
  if (cases.some((item) => item.status === "failed")) return "**fails**";
  return cases.some((item) => item.status === "passed") ? "works" : "not in this kernel";
}

/**
 * Replaces the table between an architecture's markers in a text. Columns of kernels that the new table lacks are
 * kept, because a run of all kernels takes an hour.
 *
 * @throws Error if a marker is missing.
 */
export function replaceTable(text: string, architecture: Architecture, table: string): string {
  const [begin, end] = [marker(architecture, "begin"), marker(architecture, "end")];
  const [start, stop] = [text.indexOf(begin), text.indexOf(end)];
  if (start < 0 || stop < start) throw new Error(`README.md has no ${begin} and ${end}`);
  const merged = mergeTables(text.slice(start + begin.length, stop), table);
  return `${text.slice(0, start + begin.length)}\n${merged}\n${text.slice(stop)}`;
}

const RELEASE = /^(\d+)\.(\d+)[^,]*?(-16k)?, (\w+)$/;

/** The key of a column: its kernel series (`6.12`), flavour and runtime. */
const columnKey = (heading: string) => RELEASE.exec(heading)?.slice(1).join(" ") ?? heading;

/** The cells of a Markdown table, by row and column, without the separator row. */
const cellsOf = (table: string): string[][] =>
  table.trim().split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| ---"))
    .map((line) => line.slice(2, -2).split(" | "));

/** The old table with its columns replaced by those of the new one, sorted by kernel, oldest first. */
function mergeTables(old: string, table: string): string {
  const columns = new Map<string, { heading: string; cells: Map<string, string> }>();
  const hooks = new Set<string>();
  for (const [[, ...headings] = [], ...rows] of [cellsOf(old), cellsOf(table)]) {
    for (const [i, heading] of headings.entries()) {
      const cells = new Map(rows.map(([hook = "", ...cells]) => [hook, cells[i]!]));
      columns.set(columnKey(heading), { heading, cells });
    }
    for (const [hook = ""] of rows) hooks.add(hook);
  }
  const order = (heading: string) => {
    const [, major = 0, minor = 0, flavour] = RELEASE.exec(heading) ?? [];
    return Number(major) * 2000 + Number(minor) * 2 + (flavour ? 1 : 0);
  };
  const sorted = [...columns.values()].sort((a, b) => order(a.heading) - order(b.heading));
  const rows = [...hooks].sort().map((
    hook,
  ) => [hook, ...sorted.map(({ cells }) => cells.get(hook) ?? "not run")]);
  return format(["hook", ...sorted.map(({ heading }) => heading)], rows);
}

const format = (head: readonly string[], rows: readonly string[][]): string =>
  [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
