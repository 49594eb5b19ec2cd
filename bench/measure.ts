/** Runs the subjects in turns, so that disturbances of the machine affect all of them. */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { median } from "./median.ts";
import { type Figures, isOurs, type Subject } from "./question.ts";

/** The figures that a subject measured, one entry for each run. */
export interface Measured {
  readonly subject: Subject;
  readonly runs: readonly Figures[];
  /**
   * Why a peer was not measured to the end, such as a missing program or a time limit; the others go on.
   */
  readonly failure?: string;
}

/** The results so far of a command, which two questions may share. */
interface Done {
  readonly runs: Figures[];
  failure?: string;
}

const done = new Map<string, Done>();

/** Runs every subject `runs` times, in turns, each time for at most `limitMs`. */
export async function measure(
  subjects: readonly Subject[],
  wanted: number,
  limitMs: number,
): Promise<Measured[]> {
  const measured = subjects.map((subject) => {
    const key = JSON.stringify(subject.command);
    const known = done.get(key) ?? { runs: [] };
    done.set(key, known);
    return { subject, known };
  });
  for (let round = 0; round < wanted; round++) {
    for (const { subject, known } of measured) {
      if (known.runs.length > round || known.failure !== undefined) continue;
      try {
        known.runs.push(await runOnce(subject, limitMs));
      } catch (error) {
        if (isOurs(subject.name) || !(error instanceof Error)) throw error;
        known.failure = error.message;
      }
    }
  }
  return measured.map(({ subject, known: { runs, failure } }) => ({
    subject,
    runs: runs.map((figures) => ({ ...figures, ...subject.known })),
    ...failure === undefined ? {} : { failure },
  }));
}

/** The median of each figure. */
export function medians(runs: readonly Figures[]): Figures {
  const keys = Object.keys(runs[0] ?? {});
  return Object.fromEntries(keys.map((key) => [key, median(runs.map((each) => each[key]!))]));
}

/** Runs a subject until its first line, reads its memory, and lets it end. */
async function runOnce({ name, command, environment }: Subject, limitMs: number): Promise<Figures> {
  const start = performance.now();
  const [program, ...args] = command;
  const child = spawn(program!, args, {
    stdio: ["pipe", "pipe", "pipe"],
    env: { ...process.env, ...environment },
    // A process group of its own, so that its child processes can be killed with it.
    detached: true,
  });
  const end = () => child.pid !== undefined && process.kill(-child.pid, "SIGKILL");
  process.once("exit", end);
  let isLate = false;
  const limit = setTimeout(() => {
    isLate = true;
    end();
  }, limitMs);
  const ended = new Promise((resolve) => child.on("close", resolve)).finally(() => {
    clearTimeout(limit);
    process.off("exit", end);
  });
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
      const why = isLate ? `was ended after ${limitMs / 1000} s` : `ended early: ${said}`;
      reject(new Error(`Cannot measure ${name}, which ${why} (${command.join(" ")})`));
    });
  });
  const total = performance.now() - start;
  const memory = memoryOf(child.pid!);
  child.stdin!.end();
  await ended;
  // Figures of the line replace ours: tracer.c reports the tracer's memory, and ours is that of
  // tracer.c.
  return { "from start, ms": total, ...memory, ...JSON.parse(line) as Figures };
}

/** A process's memory from /proc; no figures if the process has ended. */
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
