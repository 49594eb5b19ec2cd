/** What the benchmarks share: runs that take turns, medians, a table. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { runtimePath } from "../tests/vm/suite.ts";

/** One of the things compared: a command whose first line says, in JSON, what it measured. */
export interface Subject {
  readonly name: string;
  readonly command: readonly string[];
  readonly environment?: Readonly<Record<string, string>>;
}

/** Numbers by what they are. */
export type Figures = Readonly<Record<string, number>>;

const subjectPath = (file: string) => fileURLToPath(new URL(`subjects/${file}`, import.meta.url));

/** The command that runs a script beside this file: under Deno, Bun, or Python with Debian's bcc. */
export function subjectCommand(runner: "deno" | "bun" | "python", script: string): string[] {
  if (runner === "python") return ["/usr/bin/python3", subjectPath(`${script}.py`)];
  const path = runtimePath(runner);
  const flags = runner === "deno" ? ["run", "--allow-all", "--no-check"] : ["run"];
  return [path, ...flags, subjectPath(`${script}.ts`)];
}

/** Runs every subject so many times, in turns, so that what disturbs the machine disturbs all. */
export async function measure(
  subjects: readonly Subject[],
  runs: number,
): Promise<Map<string, Figures>> {
  const results = new Map<string, Figures[]>(subjects.map(({ name }) => [name, []]));
  for (let round = 0; round < runs; round++) {
    for (const subject of subjects) results.get(subject.name)!.push(await runOnce(subject));
  }
  return new Map([...results].map(([name, figures]) => [name, medians(figures)]));
}

/** Runs a subject until its first line, then looks at its memory and lets it end. */
async function runOnce({ name, command, environment }: Subject): Promise<Figures> {
  const start = performance.now();
  const [program, ...args] = command;
  const child = spawn(program!, args, {
    stdio: ["pipe", "pipe", "inherit"],
    env: { ...process.env, ...environment },
  });
  const ended = new Promise((resolve) => child.on("close", resolve));
  const line = await new Promise<string>((resolve, reject) => {
    let text = "";
    child.stdout!.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (text.includes("\n")) resolve(text.slice(0, text.indexOf("\n")));
    });
    child.on("error", reject);
    child.on("close", () => reject(new Error(`${name} ended without a line: ${text}`)));
  });
  const total = performance.now() - start;
  const status = readFileSync(`/proc/${child.pid}/status`, "utf8");
  const mebibytes = (key: string) =>
    Number(new RegExp(`^${key}:\\s*(\\d+)`, "m").exec(status)![1]) / 1024;
  child.stdin!.end();
  await ended;
  return {
    ...JSON.parse(line) as Figures,
    "from start, ms": total,
    "resident, MiB": mebibytes("VmRSS"),
    "at most, MiB": mebibytes("VmHWM"),
  };
}

function medians(figures: readonly Figures[]): Figures {
  const keys = Object.keys(figures[0] ?? {});
  return Object.fromEntries(keys.map((key) => [key, median(figures.map((each) => each[key]!))]));
}

/** The middle value; of an even number of them the upper middle one. */
export function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

/** Prints a line per subject and a column per figure. */
export function printTable(results: ReadonlyMap<string, Figures>): void {
  const columns = Object.keys([...results.values()][0] ?? {});
  const width = Math.max(...[...results.keys()].map((name) => name.length));
  console.log(["".padEnd(width), ...columns].join("  "));
  for (const [name, figures] of results) {
    const cells = columns.map((column) => Math.round(figures[column]!).toLocaleString("en"));
    const padded = cells.map((cell, i) => cell.padStart(columns[i]!.length));
    console.log([name.padEnd(width), ...padded].join("  "));
  }
}
