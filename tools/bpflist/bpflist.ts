/**
 * bpflist: list processes that hold BPF programs, maps and links.
 *
 * USAGE: bpflist [-v…] [--json]
 *
 *     # bpflist
 *     PID    COMM             TYPE  COUNT
 *     11684  opensnoop        btf   1
 *     11684  opensnoop        link  10
 *     11684  opensnoop        map   8
 *     11684  opensnoop        prog  10
 *
 * With -v, probes in tracefs count as well for the processes whose names they carry: those of bcc's tools
 * and of these. -vv lists the probes too. What is pinned, or held by the kernel alone, belongs to no process.
 *
 * It reads /proc and tracefs, and traces nothing: no BPF is loaded, and no option of tracing means anything.
 */

import { exists, readText } from "../../mod.ts";
import { type Column, headLine, jsonRow, tableRow } from "../../toolkit/output/columns.ts";
import { escapeText } from "../../toolkit/output/escape.ts";
import { main } from "../../toolkit/run/main.ts";
import type { Option, Values } from "../../toolkit/options/options.ts";
import { standardOptions } from "../../toolkit/options/standard_options.ts";
import { nameOf } from "../../toolkit/task/proc.ts";
import { defineTool } from "../../toolkit/run/tool.ts";

const options = {
  verbosity: {
    short: "v",
    long: "verbosity",
    help: "count kprobes/uprobes as well; twice to display them",
    initial: 0,
    parse: (_, before) => before + 1,
  } satisfies Option<number> as Option<number>,
  json: standardOptions.json,
  jsonSchema: standardOptions.jsonSchema,
  help: standardOptions.help,
  version: standardOptions.version,
} as const;

const TRACEFS = ["/sys/kernel/tracing", "/sys/kernel/debug/tracing"];
/** Names of BPF file descriptors: kernel/bpf/{syscall,btf,bpf_iter}.c. */
const DESCRIPTOR = /^anon_inode:\[?(?:bpf[-_])?(prog|map|link|iter|btf|token)\]?$/;
/** The owner's PID in a probe's name: last in bcc's names, first in ours (owned_names.ts). */
const OWNER = /_bcc_(\d+)\b|\btsbcc_(\d+)_\d+_\d+\b/;

/** How many objects of a kind a process holds. */
interface Row {
  readonly pid: number;
  readonly comm: string;
  readonly type: string;
  count: number;
}

class Holders {
  readonly #rows = new Map<string, Row>();

  add(pid: number, type: string): void {
    const key = `${pid} ${type}`;
    const row = this.#rows.get(key) ?? { pid, comm: nameOf(pid) ?? "[unknown]", type, count: 0 };
    row.count++;
    this.#rows.set(key, row);
  }

  rows(): Row[] {
    return [...this.#rows.values()]
      .sort((a, b) => a.pid - b.pid || (a.type < b.type ? -1 : 1));
  }
}

/** The entries of a directory in /proc; empty if the process has ended. */
function namesIn(path: string): string[] {
  try {
    return process.getBuiltinModule("node:fs").readdirSync(path);
  } catch {
    return [];
  }
}

function target(link: string): string {
  try {
    return process.getBuiltinModule("node:fs").readlinkSync(link);
  } catch {
    return "";
  }
}

function findDescriptors(holders: Holders): void {
  for (const pid of namesIn("/proc").filter((name) => /^\d+$/.test(name))) {
    for (const fd of namesIn(`/proc/${pid}/fd`)) {
      const [, type] = DESCRIPTOR.exec(target(`/proc/${pid}/fd/${fd}`)) ?? [];
      if (type !== undefined) holders.add(Number(pid), type);
    }
  }
}

/** Counts the probes of a kind by owner, and returns their lines. */
function findProbes(holders: Holders, kind: string): string[] {
  const folder = TRACEFS.find((path) => exists(`${path}/${kind}_events`));
  const lines = folder ? readText(`${folder}/${kind}_events`).split("\n").filter(Boolean) : [];
  for (const line of lines) {
    const [, theirs, ours] = OWNER.exec(line) ?? [];
    if (theirs ?? ours) holders.add(Number(theirs ?? ours), kind);
  }
  return lines;
}

function columns(rows: readonly Row[]): Column<Row>[] {
  const longest = Math.max(0, ...rows.map(({ type }) => type.length));
  return [
    { head: "PID", width: 6, value: ({ pid }) => pid },
    { head: "COMM", width: 16, value: ({ comm }) => comm },
    { head: "TYPE", width: longest + 1, value: ({ type }) => type },
    { head: "COUNT", value: ({ count }) => count },
  ];
}

/** The text that the tool prints. */
function listText({ verbosity, json }: Values<typeof options>): string {
  const holders = new Holders();
  const probes = (verbosity > 0 ? ["kprobe", "uprobe"] : []).flatMap((kind) => {
    const lines = findProbes(holders, kind);
    return verbosity > 1 ? [`open ${kind}s:`, ...lines.map((line) => escapeText(line)), ""] : [];
  });
  findDescriptors(holders);
  const rows = holders.rows();
  const table = columns(rows);
  const text = json
    ? rows.map(jsonRow(table))
    : [...probes, headLine(table), ...rows.map(tableRow(table))];
  return text.join("\n");
}

const bpflist = defineTool({
  name: "bpflist",
  summary: "List processes that hold BPF programs, maps and links.",
  examples: [
    ["bpflist", "display all processes currently using BPF"],
    ["bpflist -v", "also count kprobes/uprobes"],
    ["bpflist -vv", "display kprobes/uprobes and count them"],
  ],
  options,
  sample: false, // it lists and ends
  permissions: "all",
  plan: (values) => ({
    text: () => listText(values),
    records: [{ members: { pid: "id", comm: "text", type: "text", count: "number" } }],
  }),
});

export default bpflist;

if (import.meta.main) await main(bpflist);
