/** The README's table: which hook was seen to work on which kernel under which runtime. */
import type { CaseResult } from "./report.ts";

const BEGIN = "<!-- vm-table:begin -->";
const END = "<!-- vm-table:end -->";
/** Tests of hooks are named `attach HOOK: …`. */
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
  const rule = ["---", ...columns.map(() => "---")];
  return [["hook", ...names], rule, ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** A skipped test is a kernel without the hook: `requires()` fails where it ought to be there. */
function cell(cases: readonly CaseResult[]): string {
  if (cases.length === 0) return "not run";
  if (cases.some((item) => item.status === "failed")) return "**fails**";
  return cases.some((item) => item.status === "passed") ? "works" : "not in this kernel";
}

/**
 * Puts a table between the markers of a text.
 *
 * @throws Error if the text has not both markers.
 */
export function replaceTable(text: string, table: string): string {
  const start = text.indexOf(BEGIN);
  const end = text.indexOf(END);
  if (start < 0 || end < start) throw new Error(`README.md has no ${BEGIN} and ${END}`);
  return `${text.slice(0, start + BEGIN.length)}\n${table}\n${text.slice(end)}`;
}
