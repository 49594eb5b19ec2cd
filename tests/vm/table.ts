/** The README's table: which hook was seen to work on which kernel under which runtime. */
import type { Architecture } from "./kernels.ts";
import type { CaseResult } from "./report.ts";

const marker = (architecture: Architecture, word: string) =>
  `<!-- vm-table ${architecture}:${word} -->`;
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
 * Puts a table between the markers that a text has for an architecture.
 *
 * @throws Error if the text has not both markers.
 */
export function replaceTable(text: string, architecture: Architecture, table: string): string {
  const [begin, end] = [marker(architecture, "begin"), marker(architecture, "end")];
  const [start, stop] = [text.indexOf(begin), text.indexOf(end)];
  if (start < 0 || stop < start) throw new Error(`README.md has no ${begin} and ${end}`);
  return `${text.slice(0, start + begin.length)}\n${table}\n${text.slice(stop)}`;
}
