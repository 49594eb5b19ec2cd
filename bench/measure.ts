/** Running the things compared: in turns, so that what disturbs the machine disturbs all. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { median } from "./median.ts";
import type { Figures, Subject } from "./question.ts";

/** What a subject measured: a run of it each. */
export interface Measured {
  readonly subject: Subject;
  readonly runs: readonly Figures[];
}

/** Runs so far by command: two questions may look at one command. */
const done = new Map<string, Figures[]>();

/** Runs every subject so many times, in turns. */
export async function measure(subjects: readonly Subject[], wanted: number): Promise<Measured[]> {
  const measured = subjects.map((subject) => {
    const key = JSON.stringify(subject.command);
    const runs = done.get(key) ?? [];
    done.set(key, runs);
    return { subject, runs };
  });
  for (let round = 0; round < wanted; round++) {
    for (const { subject, runs } of measured) {
      if (runs.length <= round) runs.push(await runOnce(subject));
    }
  }
  return measured.map(({ subject, runs }) => ({
    subject,
    runs: runs.map((figures) => ({ ...figures, ...subject.known })),
  }));
}

/** The medians of all figures. */
export function medians(runs: readonly Figures[]): Figures {
  const keys = Object.keys(runs[0] ?? {});
  return Object.fromEntries(keys.map((key) => [key, median(runs.map((each) => each[key]!))]));
}

/** Runs a subject until its first line, then looks at its memory and lets it end. */
async function runOnce({ name, command, environment }: Subject): Promise<Figures> {
  const start = performance.now();
  const [program, ...args] = command;
  const child = spawn(program!, args, {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, ...environment },
  });
  const ended = new Promise((resolve) => child.on("close", resolve));
  const line = await new Promise<string>((resolve, reject) => {
    let text = "", complaint = "";
    child.stderr!.setEncoding("utf8").on("data", (chunk: string) => {
      complaint = (complaint + chunk).slice(-4000);
    });
    child.stdout!.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      if (text.includes("\n")) resolve(text.slice(0, text.indexOf("\n")));
    });
    child.on("error", reject);
    child.on("close", () => {
      const said = `${text}${complaint}`.trim() || "it said nothing";
      reject(
        new Error(`Cannot measure ${name}, which ended early: ${said} (${command.join(" ")})`),
      );
    });
  });
  const total = performance.now() - start;
  const memory = memoryOf(child.pid!);
  child.stdin!.end();
  await ended;
  // What the line says goes first: of a tracer's memory rather than of what measures it.
  return { "from start, ms": total, ...memory, ...JSON.parse(line) as Figures };
}

/** Memory as /proc tells of it; nothing when the process has ended. */
function memoryOf(pid: number): Figures {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const keys = { "resident, MiB": "VmRSS", "at most, MiB": "VmHWM" };
  return Object.fromEntries(
    Object.entries(keys).flatMap(([name, key]) => {
      const found = new RegExp(`^${key}:\\s*(\\d+)`, "m").exec(status);
      return found ? [[name, Number(found[1]) / 1024]] : [];
    }),
  );
}
