/**
 * The workload of usdt.c: a process that fires probes when it is told to.
 *
 * @module
 */

import { buildProgram } from "./build.ts";
import { Running } from "./process.ts";

/** The ways to build it; a library is run by the program of the first kind. */
export const KINDS = {
  pie: [],
  nonPie: ["-no-pie", "-fno-pie"],
  library: ["-shared", "-fPIC", "-DLIBRARY"],
} as const;

/** A program whose probes have other arguments at each of their locations. */
export const buildLocations = (): string => buildProgram("usdt_locations.c");

/** The file that has the probes. */
export function buildUsdt(kind: keyof typeof KINDS = "pie"): string {
  return buildProgram("usdt.c", KINDS[kind]);
}

/** What the process says of itself: how often it found its guarded probe watched, and by how many. */
export interface UsdtReport {
  readonly enabled: number;
  readonly semaphore: number;
}

/** A process with probes. */
export class UsdtProcess implements AsyncDisposable {
  readonly pid: number;
  readonly #running: Running;
  #reports = 0;

  private constructor(running: Running, pid: number) {
    this.#running = running;
    this.pid = pid;
  }

  /** Starts it and waits until it waits; `command` runs the program and its arguments. */
  static async start(
    kind: keyof typeof KINDS = "pie",
    command: (program: string[]) => string[] = (program) => program,
  ): Promise<UsdtProcess> {
    const program = kind === "library" ? [buildUsdt(), buildUsdt(kind)] : [buildUsdt(kind)];
    const running = Running.start(command(program));
    const [, pid] = await running.find("stdout", /^pid (\d+)\n/);
    return new UsdtProcess(running, Number(pid));
  }

  /** The same of usdt_locations.c. */
  static async startLocations(): Promise<UsdtProcess> {
    const running = Running.start([buildLocations()]);
    const [, pid] = await running.find("stdout", /^pid (\d+)\n/);
    return new UsdtProcess(running, Number(pid));
  }

  /** Fires every probe so many times. */
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
