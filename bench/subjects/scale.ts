/**
 * One step of the question `scale`, for Bun: scale.ts functions|allocations|machine COUNT TOOL, where TOOL is a
 * command in which @PID stands for the process to trace and @EACH for what to count.
 *
 * `functions`: counts calls of COUNT functions of one process. `allocations`: reports COUNT allocations that are
 * not freed. `machine`: runs the tool beside COUNT processes and a tenth as many mounts, in a mount namespace of
 * its own.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The part of Bun's API that is used here: Deno checks this file without Bun's types. */
interface Child {
  readonly pid: number;
  readonly stdin: { write(text: string): void; flush(): void; end(): void };
  readonly stdout: ReadableStream<Uint8Array>;
  readonly stderr: ReadableStream<Uint8Array>;
  readonly exited: Promise<number>;
  kill(signal: string): void;
  resourceUsage(): { readonly cpuTime: { readonly total: bigint }; readonly maxRSS: number };
}
interface Spawner {
  spawn(command: readonly string[], options: Record<string, unknown>): Child;
}
const { Bun: bun } = globalThis as unknown as { Bun: Spawner };

const READY = /^ready$|Hit Ctrl-C|Attaching to pid/m;
/** A tracer without a ready line counts as ready when it has used no CPU for this long. */
const REST_MS = 500;

const [built, kind, step, ...words] = process.argv.slice(2) as [
  string,
  string,
  string,
  ...string[],
];
const count = Number(step);

/** Collects the output of a child process, and waits for text in it. */
class Said {
  text = "";
  /** Everything was read: a process may have ended before. */
  readonly whole: Promise<unknown>;
  #heard = Promise.withResolvers<void>();

  constructor(...streams: ReadableStream<Uint8Array>[]) {
    this.whole = Promise.all(streams.map((stream) => this.#collect(stream)));
  }

  async until(wanted: RegExp, end?: Promise<unknown>): Promise<void> {
    let isOver = false;
    end?.then(() => isOver = true);
    while (!wanted.test(this.text) && !isOver) {
      await Promise.race([this.#heard.promise, ...end ? [end] : []]);
    }
    if (!wanted.test(this.text)) throw new Error(`it ended early: ${this.text.slice(-1000)}`);
  }

  async #collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const piece of stream) {
      this.text += decoder.decode(piece, { stream: true });
      this.#heard.resolve();
      this.#heard = Promise.withResolvers();
    }
  }
}

/** The process that is traced. */
async function startWorkload(): Promise<{ readonly child: Child; readonly said: Said }> {
  const command = kind === "functions"
    ? [join(built, "functions")]
    : kind === "allocations"
    ? [join(built, "allocations"), step]
    : ["sleep", "infinity"];
  const child = bun.spawn(command, { stdin: "pipe", stdout: "pipe", stderr: "inherit" });
  const said = new Said(child.stdout);
  if (kind !== "machine") await said.until(/begun/, child.exited);
  return { child, said };
}

/** A pattern for COUNT functions of functions.c: of the numbered functions f_0* matches a tenth. */
function pattern(): string {
  const zeros = 4 - Math.log10(count);
  return `${join(built, "functions")}:f_${"0".repeat(zeros)}*`;
}

async function measure(pid: number, work: () => Promise<void>): Promise<Record<string, number>> {
  const command = words.map((word) => word.replace("@PID", `${pid}`).replace("@EACH", pattern));
  const start = performance.now();
  const tool = bun.spawn(command, {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
    env: { ...process.env, TSBCC_READY: "1", BPFTRACE_MAX_PROBES: "20000" },
  });
  const said = new Said(tool.stdout, tool.stderr);
  if (isReportOnly()) {
    await tool.exited;
    return figures(tool, { "whole run, ms": performance.now() - start });
  }
  await ready(command[0]!, tool, said);
  const attached = performance.now() - start;
  await work();
  const end = performance.now();
  tool.kill("SIGINT");
  await tool.exited;
  const reported = performance.now() - end;
  await said.whole;
  check(said.text);
  return figures(tool, { "to ready, ms": attached, "report and end, ms": reported });
}

const isReportOnly = () => kind === "machine" && words.includes("doctor");

async function ready(program: string, tool: Child, said: Said): Promise<void> {
  if (!program.endsWith("bpftrace")) return await said.until(READY, tool.exited);
  // The tool prints no line when all probes are attached: waits until its CPU time no longer grows.
  await said.until(/Attaching/, tool.exited);
  for (let before = -1, now = switches(tool.pid); now !== before;) {
    before = now;
    await new Promise((resolve) => setTimeout(resolve, REST_MS));
    now = switches(tool.pid);
  }
}

/** The CPU time of a process in clock ticks: it does not grow while the process waits. */
function switches(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, "utf8").split(") ").at(-1)!.split(" ");
  return Number(fields[11]) + Number(fields[12]);
}

/** Checks that the tool has seen all the work: a tool that missed it would look fast. */
function check(text: string): void {
  const lines = text.split("\n");
  if (kind === "functions") {
    const seen = lines.filter((line) => /f_\d{4}\W+1$/.test(line.trim())).length;
    if (seen !== count) {
      throw new Error(`${seen} of ${count} functions were counted: ${text.slice(-500)}`);
    }
  } else if (kind === "allocations" && !new RegExp(`\\b${count} allocations`).test(text)) {
    throw new Error(`not all allocations were seen: ${text.slice(0, 1500)}`);
  }
}

function figures(tool: Child, more: Record<string, number>): Record<string, number> {
  const { cpuTime, maxRSS } = tool.resourceUsage();
  const cpu = Number(cpuTime.total);
  return {
    ...more,
    "CPU for each, us": cpu / count,
    "at most, MiB": maxRSS / 2 ** 20,
  };
}

const beside: Child[] = [];
if (kind === "machine") {
  // many_mounts.sh has made the mounts already.
  for (let i = 0; i < count; i++) {
    beside.push(bun.spawn(["sleep", "infinity"], { stdin: "ignore", stdout: "ignore" }));
  }
}
const { child, said } = await startWorkload();
try {
  const found = await measure(child.pid, async () => {
    child.stdin.write("\n");
    child.stdin.flush();
    if (kind !== "machine") await said.until(/done/, child.exited);
  });
  console.log(JSON.stringify(found));
} finally {
  for (const each of [child, ...beside]) each.kill("SIGKILL");
}
