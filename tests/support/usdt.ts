/**
 * The workload of usdt.c: a process that fires USDT probes when a test tells it to.
 *
 * @module
 */

import { buildProgram } from "./build.ts";
import { Running } from "./process.ts";

/**
 * Compiler flags for each kind of usdt.c; the kind `library` is loaded by the program of kind `pie`.
 */
export const KINDS = {
  pie: [],
  nonPie: ["-no-pie", "-fno-pie"],
  library: ["-shared", "-fPIC", "-DLIBRARY"],
} as const;

/**
 * Builds usdt_locations.c, whose probes have different arguments at each location; returns its path.
 */
export const buildLocations = (): string => buildProgram("usdt_locations.c");

/** Builds usdt.c; returns the path of the file that has the probes. */
export function buildUsdt(kind: keyof typeof KINDS = "pie"): string {
  return buildProgram("usdt.c", KINDS[kind]);
}

/** What the process reports: how often its guarded probe's semaphore was not 0, and its value now. */
export interface UsdtReport {
  readonly enabled: number;
  readonly semaphore: number;
}

/** A process of usdt.c or usdt_locations.c. */
export class UsdtProcess implements AsyncDisposable {
  readonly pid: number;
  readonly #running: Running;
  #reports = 0;

  private constructor(running: Running, pid: number) {
    this.#running = running;
    this.pid = pid;
  }

  /**
   * Starts usdt.c and waits for its first line; `command` returns the command that runs the program.
   */
  static async start(
    kind: keyof typeof KINDS = "pie",
    command: (program: string[]) => string[] = (program) => program,
  ): Promise<UsdtProcess> {
    const program = kind === "library" ? [buildUsdt(), buildUsdt(kind)] : [buildUsdt(kind)];
    const running = Running.start(command(program));
    const [, pid] = await running.find("stdout", /^pid (\d+)\n/);
    return new UsdtProcess(running, Number(pid));
  }

  /** Starts usdt_locations.c and waits for its first line. */
  static async startLocations(): Promise<UsdtProcess> {
    const running = Running.start([buildLocations()]);
    const [, pid] = await running.find("stdout", /^pid (\d+)\n/);
    return new UsdtProcess(running, Number(pid));
  }

  /** Fires every probe `times` times. */
  async fire(times: number): Promise<UsdtReport> {
    this.#running.send(String(times));
    const before = `(?:fired .*\\n){${this.#reports++}}`;
    const line = new RegExp(`\\n${before}fired ${times} enabled (\\d+) semaphore (-?\\d+)\\n`);
    const [, enabled, semaphore] = await this.#running.find("stdout", line);
    return { enabled: Number(enabled), semaphore: Number(semaphore) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running[Symbol.asyncDispose]();
  }
}
