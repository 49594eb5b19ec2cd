/**
 * Running tools and workloads from tests: start, wait for a line, stop, collect.
 *
 * Everything waits for an event; the only timer is the one that ends a test that hangs.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";

const HANG_MS = 300_000 * Number(process.env.TSBCC_PATIENCE ?? 1);

/** How a process ended and what it said. */
export interface Result {
  readonly status: number | null;
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Options for {@linkcode Running.start}. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A process under test. */
export class Running implements AsyncDisposable {
  readonly pid: number;
  readonly result: Promise<Result>;
  readonly #child: ChildProcess;
  readonly #text = { stdout: "", stderr: "" };
  readonly #waiting = new Set<() => void>();
  #ended = false;

  private constructor(command: readonly string[], options: RunOptions) {
    const [program, ...args] = command;
    const child = this.#child = spawn(program!, args, {
      ...options,
      env: { ...process.env, ...options.env },
      stdio: ["pipe", "pipe", "pipe"],
    });
    this.pid = child.pid ?? -1;
    for (const name of ["stdout", "stderr"] as const) {
      child[name]!.setEncoding("utf8").on("data", (text: string) => {
        this.#text[name] += text;
        this.#notify();
      });
    }
    child.stdin!.on("error", () => {}); // it ended without reading
    const { promise, resolve, reject } = Promise.withResolvers<Result>();
    this.result = promise;
    const timer = setTimeout(() => this.kill("SIGKILL"), HANG_MS);
    child.once("error", reject);
    child.once("close", (status, signal) => {
      clearTimeout(timer);
      this.#ended = true;
      this.#notify();
      resolve({ status, signal, ...this.#text });
    });
  }

  /** Starts a command; its standard input stays open. */
  static start(command: readonly string[], options: RunOptions = {}): Running {
    return new Running(command, options);
  }

  /** Resolves to the first match in what was printed. @throws when the process ends without one */
  async find(name: "stdout" | "stderr", pattern: RegExp): Promise<RegExpExecArray> {
    for (;;) {
      const match = pattern.exec(this.#text[name]);
      if (match) return match;
      if (this.#ended) {
        const { stdout, stderr } = this.#text;
        throw new Error(`Ended without printing ${pattern}\nstdout: ${stdout}\nstderr: ${stderr}`);
      }
      await new Promise<void>((resolve) => this.#waiting.add(resolve));
    }
  }

  /** Whether it has printed such a thing so far. */
  hasPrinted(name: "stdout" | "stderr", pattern: RegExp): boolean {
    return pattern.test(this.#text[name]);
  }

  /** Sends a line to its standard input. */
  send(line = ""): void {
    this.#child.stdin!.write(line + "\n");
  }

  /** Closes our end of its standard output, as `head` does when it has seen enough. */
  closeOutput(): void {
    this.#child.stdout!.destroy();
  }

  /** Sends a signal; unlike Deno's ChildProcess.kill() without claiming that it ended the process. */
  kill(signal: NodeJS.Signals): void {
    // Without a pid it could not be started; -1 would be every process of the machine.
    if (this.#ended || this.pid < 1) return;
    try {
      process.kill(this.pid, signal);
    } catch (error) {
      // The runtime has reaped it, and has not told yet that its pipes are closed.
      if (!(error instanceof Error && "code" in error && error.code === "ESRCH")) throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.kill("SIGKILL");
    await this.result.catch(() => {});
  }

  #notify(): void {
    for (const resolve of this.#waiting) resolve();
    this.#waiting.clear();
  }
}

/** Runs a command to its end. */
export function run(command: readonly string[], options: RunOptions = {}): Promise<Result> {
  const running = Running.start(command, options);
  running.send();
  return running.result;
}

/**
 * Waits for a tracer without a ready line: opens `path`, which need not exist, until the tracer
 * prints it.
 */
export async function untilSeen(tracer: Running, path: string): Promise<void> {
  const timer = setInterval(() => tryOpen(path), 5);
  try {
    await tracer.find("stdout", new RegExp(path));
  } finally {
    clearInterval(timer);
  }
}

/** The same for a tracer of programs: runs /bin/true until the tracer prints it. */
export async function untilExecuted(tracer: Running, seen = /\/bin\/true/): Promise<void> {
  const timer = setInterval(() => void run(["/bin/true"]), 20);
  try {
    await tracer.find("stdout", seen);
  } finally {
    clearInterval(timer);
  }
}

/** The same for a tracer of signals: asks whether this process exists. */
export async function untilSignalled(tracer: Running): Promise<void> {
  const timer = setInterval(() => process.kill(process.pid, 0), 5);
  try {
    await tracer.find("stdout", new RegExp(` ${process.pid} `));
  } finally {
    clearInterval(timer);
  }
}

function tryOpen(path: string): void {
  try {
    closeSync(openSync(path, "r"));
  } catch {
    // Only the attempt matters.
  }
}

/**
 * Keeps a process, and those that it starts, on one CPU: libbpf-tools' tools have a buffer for each,
 * and print what is in one after what is in another.
 */
export async function keepOnOneCpu(pid: number): Promise<void> {
  const { status, stderr } = await run(["taskset", "--cpu-list", "--pid", "0", String(pid)]);
  if (status !== 0) throw new Error(stderr);
}
