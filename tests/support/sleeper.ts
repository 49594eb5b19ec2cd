/**
 * A process that is told how often the scheduler switched it out, exactly.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { onlineCpus } from "../../mod.ts";
import { buildProgram } from "./build.ts";
import { Running } from "./process.ts";
import { SchedulerTrace } from "./scheduler_trace.ts";

/** The kernel's counters in /proc/PID/status: how often it gave a CPU up, and that or had to. */
interface Switches {
  readonly voluntary: number;
  readonly all: number;
}

/** How often it was switched out, and whether some of that was hidden from every tracer. */
interface Measured {
  readonly all: number;
  readonly hidden: boolean;
}

const ATTEMPTS = 20;

/** Starts a process that waits to do these steps. */
type Start = (...steps: string[]) => Promise<Sleeper>;

/**
 * Measures until nothing is hidden, on each CPU in turn: a machine was seen to hide half of what
 * one of its CPUs did when it was idle before, and hardly anything of the other.
 *
 * @param measure returns false when something was hidden
 */
export async function untilNothingHidden(
  measure: (start: Start) => Promise<boolean>,
): Promise<void> {
  const cpus = onlineCpus();
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const cpu = cpus[attempt % cpus.length]!;
    if (await measure((...steps) => Sleeper.start(cpu, steps))) return;
  }
  throw new Error(`The machine hid something from tracers ${ATTEMPTS} times in a row`);
}

/** Steps of calls.c between two waits, before and after which the process is off every CPU. */
export class Sleeper implements AsyncDisposable {
  readonly pid: number;
  readonly #running: Running;
  #waits = 0;

  private constructor(running: Running, pid: number) {
    this.#running = running;
    this.pid = pid;
  }

  /** Starts a process that waits to do these steps on one CPU. */
  static async start(cpu: number, steps: readonly string[]): Promise<Sleeper> {
    const program = [buildProgram("calls.c"), "switches", ...steps, "switches"];
    const command = ["taskset", "--cpu-list", String(cpu), ...program];
    const running = Running.start(command);
    const [, pid] = await running.find("stdout", /^pid (\d+)\n/);
    const sleeper = new Sleeper(running, Number(pid));
    running.send();
    await sleeper.#untilOff();
    return sleeper;
  }

  /** Lets it do its steps; how often it was switched out until it waits again. */
  async go(): Promise<Measured> {
    using trace = new SchedulerTrace(this.pid);
    const before = this.#switches();
    this.#running.send();
    await this.#untilOff();
    const after = this.#switches();
    const all = after.all - before.all;
    const { switchedIn, isComplete } = trace.seen();
    return { all, hidden: switchedIn !== all || !isComplete };
  }

  /** Waits until it is off its CPU because it waits for a line. */
  async #untilOff(): Promise<void> {
    const text = `^(?:[^]*?switches (\\d+) \\d+\\n){${++this.#waits}}`;
    const [, voluntary] = await this.#running.find("stdout", new RegExp(text));
    // It tells how often it had been off before it began to wait.
    while (this.#switches().voluntary <= Number(voluntary)) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
  }

  #switches(): Switches {
    const status = readFileSync(`/proc/${this.pid}/status`, "utf8");
    const value = (name: string) => Number(new RegExp(`^${name}:\\s*(\\d+)`, "m").exec(status)![1]);
    const voluntary = value("voluntary_ctxt_switches");
    return { voluntary, all: voluntary + value("nonvoluntary_ctxt_switches") };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#running[Symbol.asyncDispose]();
  }
}
