/**
 * Makes docs/coverage.md: for each program of bcc, how our tool of that name is tested on each kernel,
 * derived from the tools' tables of cases (`requires`, `canary`).
 *
 * @module
 */

import type { Case, Cases } from "../tests/support/cases.ts";
import { type Kernel, MACHINE, reasonOn } from "../tests/support/requires.ts";
import type { AnyTool } from "../toolkit/run/tool.ts";
import { BCC_TOOLS } from "./bcc_tools.ts";

/** A tool with its cases. */
export interface Tested {
  readonly tool: AnyTool;
  readonly cases: Cases;
}

const KERNELS: readonly (Kernel & { readonly title: string })[] = [
  { title: "host (6.18)", ...MACHINE },
  { title: "6.1", isMachine: false, version: [6, 1] },
  { title: "6.12", isMachine: false, version: [6, 12] },
];

/**
 * Whether a case compares the tool's output; other cases only show that the tool loads and attaches.
 */
const isExact = ({ rows = [], counts = [], lines = [], check, ofNothing }: Case): boolean =>
  !ofNothing && (rows.length + counts.length + lines.length > 0 || check !== undefined);

/**
 * The folder of tests that guests run besides the canaries; with `--full` they run tests/tools/, too.
 */
const GUEST_LANE = "tests/host/";

/** The text of a cell: how a tool is tested on a kernel. */
function stateOf({ cases }: Tested, kernel: Kernel): string {
  const { cases: all, filters, elsewhere } = cases;
  const unseen = kernel.isMachine ? cases.unseen?.machine : cases.unseen?.guests;
  if (unseen !== undefined) return `loads and attaches only: ${unseen}`;
  // In guests the gate runs only the tool's canary.
  const here = all.filter(({ canary }) => kernel.isMachine || canary);
  const reasons = here.map((one) => reasonOn(one.requires ?? [], kernel));
  const runs = here.filter((_, i) => reasons[i] === undefined);
  const exact = runs.filter(isExact);
  const always = exact.filter(({ requires = [] }) => !requires.includes("full"));
  const areFiltered = kernel.isMachine && filters !== undefined &&
    reasonOn(filters.requires ?? [], kernel) === undefined;
  if (always.length > 0 || areFiltered) return "exact test";
  if (exact.length > 0) return "exact test, in `./test.sh --full`";
  if (runs.length > 0) return "loads and attaches only";
  const isElsewhere = kernel.isMachine || elsewhere?.startsWith(GUEST_LANE);
  if (elsewhere !== undefined && isElsewhere) return `elsewhere: ${elsewhere}`;
  const [reason] = reasons.filter((reason) => reason !== undefined);
  if (reason !== undefined) return `not tested: ${reason}`;
  return elsewhere === undefined ? "no case" : `elsewhere, in \`./test.sh --full\`: ${elsewhere}`;
}

const cell = (text: string) => text.replaceAll("|", "\\|");

/** The text of docs/coverage.md. */
export function coverageText(all: readonly Tested[]): string {
  const byName = new Map(all.map((tested) => [tested.tool.name, tested]));
  const rowOf = (name: string) => {
    const tested = byName.get(name);
    const link = tested ? `[\`${name}\`](${name}.md)` : `\`${name}\``;
    const states = KERNELS.map((kernel) =>
      tested ? cell(stateOf(tested, kernel)) : "**not written**"
    );
    return `| ${[link, ...states].join(" | ")} |`;
  };
  const rows = BCC_TOOLS.map(rowOf);
  const table = (head: string, rows: readonly string[]) =>
    [
      `| ${[head, ...KERNELS.map(({ title }) => title)].join(" | ")} |`,
      "| --- | --- | --- | --- |",
      ...rows,
    ].join("\n");
  const missing = BCC_TOOLS.filter((name) => !byName.has(name));
  const count = (column: number, state: string) =>
    rows.filter((row) => row.split(" | ")[column + 1]?.replace(/ \|$/, "").startsWith(state))
      .length;
  const summary = KERNELS.map(({ title }, i) =>
    `| ${title} | ${count(i, "exact test")} | ${count(i, "loads")} | ${
      BCC_TOOLS.length - count(i, "exact test") - count(i, "loads") - missing.length
    } | ${missing.length} |`
  );
  const commands = all.flatMap(({ tool }) =>
    Object.entries(tool.commands ?? {}).map(([name, words]) =>
      byName.has(name)
        ? `| \`${name}\` | a tool of its own: [\`${name}\`](${name}.md), as libbpf-tools have it |`
        : `| \`${name}\` | \`${tool.name} ${words.join(" ")}\` |`
    )
  ).sort();
  const others = all.map(({ tool }) => tool.name).filter((name) => !BCC_TOOLS.includes(name));
  return [
    "# Coverage of bcc's tools",
    `Each of the ${BCC_TOOLS.length} programs of bcc's folders tools/ and tools/lib/, and what the gate tests of ` +
    "ours of that name: on the machine where the project is developed, whose kernel has neither kprobes nor " +
    "fentry, and in guests with Debian's kernels, where each tool's canary runs, and with `./test.sh --full` each " +
    "case that the machine cannot run.",
    "*Exact test*: a workload of known numbers, and what the tool shows is compared with them. *Loads and " +
    "attaches only*: the kernel takes its programs, and nothing is compared. *Not tested*: it cannot be " +
    "there, with the reason. *Elsewhere*: tests that no table holds. A test whose program (a database, a " +
    "runtime) is not installed is skipped with that reason.",
    [
      "| kernel | exact | loads | other | not written |",
      "| --- | --- | --- | --- | --- |",
      ...summary,
    ]
      .join("\n"),
    table("bcc", rows),
    "## Commands for one language",
    "bcc's shell scripts that run a program of tools/lib/ for one language are names that `ts-bcc` knows.",
    ["| command | is |", "| --- | --- |", ...commands].join("\n"),
    "One script of bcc's folder has no name here, `reset-trace`, which clears tracefs of what tracers of any kind " +
    "left there: what a killed tool of ours left goes when the next one needs tracefs.",
    "## Not of bcc's tools/",
    "From libbpf-tools or our own.",
    table("tool", others.map(rowOf)),
    "Made by `deno task docs` from the tools' tables of cases (scripts/coverage.ts).",
  ].join("\n\n") + "\n";
}
