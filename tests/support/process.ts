/**
 * Runs tools and workloads from tests: starts them, waits for a line, stops them, collects their
 * output.
 *
 * Everything waits for an event; the only timer is the one that ends a test that hangs.
 *
 * @module
 */

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, openSync } from "node:fs";

const HANG_MS = 300_000 * Number(process.env.TSBCC_PATIENCE ?? 1);

/** How a process ended and what it printed. */
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
    child.stdin!.on("error", () => {}); // EPIPE: the process ended without reading it
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

  /** Waits for a match in what the process prints. @throws when the process ends without a match */
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

  /** Whether what the process has printed so far matches. */
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

  /**
   * Sends a signal. Deno's ChildProcess.kill() would report the signal as the cause of the end in any
   * case.
   */
  kill(signal: NodeJS.Signals): void {
    // A process that could not be started has no pid; kill(-1) would signal every process of the
    // machine.
    if (this.#ended || this.pid < 1) return;
    try {
      process.kill(this.pid, signal);
    } catch (error) {
      // The runtime has reaped the process, and has not yet emitted `close`.
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
 * Waits for a tracer of opens that has no ready line: opens `path`, which need not exist, until the
 * tracer prints it.
 */
export async function untilSeen(tracer: Running, path: string): Promise<void> {
  const timer = setInterval(() => tryOpen(path), 5);
  try {
    await tracer.find("stdout", new RegExp(path));
  } finally {
    clearInterval(timer);
  }
}

/** Waits for a tracer of execs that has no ready line: runs /bin/true until the tracer prints it. */
export async function untilExecuted(tracer: Running, seen = /\/bin\/true/): Promise<void> {
  const timer = setInterval(() => void run(["/bin/true"]), 20);
  try {
    await tracer.find("stdout", seen);
  } finally {
    clearInterval(timer);
  }
}

/** Waits for a tracer of signals that has no ready line: sends this process signal 0. */
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
    // The open may fail: the tracer shows failed opens as well.
  }
}

/**
 * Pins a process and its children to one CPU: tools of libbpf-tools have a perf buffer for each CPU
 * and read one buffer after the other, so events of several CPUs are not printed in order.
 */
export async function keepOnOneCpu(pid: number): Promise<void> {
  const { status, stderr } = await run(["taskset", "--cpu-list", "--pid", "0", String(pid)]);
  if (status !== 0) throw new Error(stderr);
}
