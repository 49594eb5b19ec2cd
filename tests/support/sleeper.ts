/**
 * A process of which tests know exactly how often the scheduler switched it out.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { onlineCpus } from "../../mod.ts";
import { buildProgram } from "./build.ts";
import { Running } from "./process.ts";
import { SchedulerTrace } from "./scheduler_trace.ts";

/** Counters of /proc/PID/status: voluntary context switches, and all of them. */
interface Switches {
  readonly voluntary: number;
  readonly all: number;
}

/** The number of switches, and whether some were hidden from every tracer. */
interface Measured {
  readonly all: number;
  readonly hidden: boolean;
}

const ATTEMPTS = 20;

/** Starts a process that waits for `go()` to do these steps of calls.c. */
type Start = (...steps: string[]) => Promise<Sleeper>;

/**
 * Measures until no event is hidden, on each CPU in turn: on one machine half of the events on one
 * CPU were hidden when the CPU had been idle before, and hardly any on the other CPU.
 *
 * @param measure returns false if an event was hidden
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

/** A process that does steps of calls.c; before and after the steps it waits, off the CPU. */
export class Sleeper implements AsyncDisposable {
  readonly pid: number;
  readonly #running: Running;
  #waits = 0;

  private constructor(running: Running, pid: number) {
    this.#running = running;
    this.pid = pid;
  }

  /** Starts a process, pinned to one CPU, that waits for `go()` to do these steps. */
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

  /** Lets the process do its steps; returns how often it was switched out until it waits again. */
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

  /** Waits until the process has left its CPU to wait for a line. */
  async #untilOff(): Promise<void> {
    const text = `^(?:[^]*?switches (\\d+) \\d+\\n){${++this.#waits}}`;
    const [, voluntary] = await this.#running.find("stdout", new RegExp(text));
    // The process printed its counter before it began to wait: then it must grow once more.
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
