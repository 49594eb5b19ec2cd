/** The command `deno task test:vm`: runs test files in QEMU guests on Debian's kernels. */
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import process from "node:process";
import { requireForeign } from "./foreign.ts";
import { requireLaunchTools } from "./hardware.ts";
import { ARCHITECTURES, forgetKernel, type Kernel, OWN, requireKernel, SUITES } from "./kernels.ts";
import { commonOptions, main, member, parseWords } from "./main.ts";
import { type CaseResult, count, formatTotals, Printer, resultJson } from "./report.ts";
import { resultJunit, summaryLines } from "./report.ts";
import { schedule } from "./schedule.ts";
import { RUNTIMES, selectFiles, tasksFor, TREE, warmCaches } from "./suite.ts";
import { hookTable, replaceTable } from "./table.ts";

const USAGE = `Usage: deno task test:vm [options] [FILE, FOLDER or part of a name in tests/host]...

  --kernel NAME     ${Object.keys(SUITES).join(", ")}; may be repeated (default: 6.1 and 6.12)
  --arch NAME       ${
  ARCHITECTURES.join(" or ")
} (default: this machine's); another one's guests have a small
                    Debian system in place of the host's files
  --runtime NAME    deno or bun (default: both)
  --spread          files under one runtime per kernel, four a command and turn by turn: less than half
                    the time
  --jobs N          guests at once (default: 2)
  --cpus N          CPUs of a guest, all emulated by one thread (default: 2)
  --nodes N         NUMA nodes that share its CPUs and its memory (default: 1)
  --file-limit S    seconds the test files of a command may take (default: 300)
  --boot-limit S    seconds a guest may take to boot (default: 90)
  --json FILE       write every case, with its status, and the totals
  --junit FILE      write the same as a JUnit report
  --update-readme   put the table of hooks between README.md's markers
  --refresh         download the kernels again: the suites' newest
  --prepare         only install and download what is needed
`;

const OPTIONS = {
  ...commonOptions,
  "kernel": { type: "string", multiple: true },
  "arch": { type: "string", default: OWN },
  "spread": { type: "boolean", default: false },
  "jobs": { type: "string", default: "2" },
  "cpus": { type: "string", default: "2" },
  "nodes": { type: "string", default: "1" },
  "file-limit": { type: "string", default: "300" },
  "boot-limit": { type: "string", default: "90" },
  "json": { type: "string" },
  "update-readme": { type: "boolean", default: false },
} as const;

function parse(words: readonly string[]) {
  const { values, positionals } = parseWords(OPTIONS, words);
  const { kernel = ["6.1", "6.12"], runtime = [...RUNTIMES] } = values;
  for (const name of kernel) member(Object.keys(SUITES), name, "kernel");
  for (const name of ["jobs", "file-limit", "boot-limit"] as const) {
    if (!(Number(values[name]) > 0)) throw new TypeError(`--${name} must be above 0`);
  }
  if (!/^[1-9]\d{0,2}$/.test(values.cpus)) throw new TypeError("--cpus must be from 1 to 999");
  if (!/^[1-8]$/.test(values.nodes) || Number(values.cpus) % Number(values.nodes) !== 0) {
    throw new TypeError("--nodes must be from 1 to 8, and a divisor of --cpus");
  }
  const runtimes = runtime.map((name) => member(RUNTIMES, name, "runtime"));
  const arch = member(ARCHITECTURES, values.arch, "architecture");
  return { ...values, kernel, arch, runtime: runtimes, positionals };
}

async function run(values: ReturnType<typeof parse>, signal: AbortSignal): Promise<number> {
  if (process.getuid?.() !== 0) throw new Error("Cannot share the host's root: run it as root");
  const files = selectFiles(values.positionals);
  if (files.length === 0 && !values.prepare) throw new Error("No such test file");

  if (values.refresh) { for (const name of values.kernel) forgetKernel(name, values.arch); }
  const kernels: Kernel[] = [];
  for (const name of new Set(values.kernel)) {
    kernels.push(await requireKernel(name, values.arch, signal));
  }
  const system = values.arch === OWN ? undefined : await requireForeign(values.arch, signal);
  if (values.prepare) {
    await requireLaunchTools(values.arch);
    return 0;
  }

  if (values.runtime.includes("deno")) await warmCaches(files, signal);
  const names = kernels.map(({ name }) => name);
  const tasks = tasksFor(files, values.runtime, names, values.spread);
  const cases = await schedule(kernels, tasks, new Printer(console.log), {
    jobs: Number(values.jobs),
    cpus: Number(values.cpus),
    nodes: Number(values.nodes),
    bootLimitMs: Number(values["boot-limit"]) * 1000,
    fileLimitMs: Number(values["file-limit"]) * 1000,
    system,
    signal,
  });
  return report(cases, kernels, values);
}

function report(cases: CaseResult[], kernels: Kernel[], values: ReturnType<typeof parse>): number {
  if (values.json) writeFileSync(resolve(values.json), resultJson(cases, kernels));
  if (values.junit) writeFileSync(resolve(values.junit), resultJunit(cases));
  if (values["update-readme"]) {
    const readme = join(TREE, "README.md");
    const table = hookTable(cases, kernels);
    writeFileSync(readme, replaceTable(readFileSync(readme, "utf8"), values.arch, table));
  }
  const totals = count(cases);
  for (const line of summaryLines(cases)) console.log(line);
  console.log(`vm: ${formatTotals(totals)}`);
  return totals.failed > 0 ? 1 : 0;
}

await main({ name: "vm", usage: USAGE, parse, run });
