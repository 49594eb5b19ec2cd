/**
 * Records a process's scheduling by ftrace.
 *
 * A machine may hide some events from every tracer, ftrace included: the kernel of one virtual machine has
 * no event for a switch away from process 1 (see hidden_events.ts). The kernel's counters in
 * /proc/PID/status include such switches, so a comparison shows them.
 *
 * @module
 */

import { EventTrace } from "./event_trace.ts";
import { isHidden } from "./hidden_events.ts";

/** What was seen of a process. */
export interface Seen {
  /** How often it got a CPU. */
  readonly switchedIn: number;
  /**
   * Whether the events form a valid sequence that begins with a sleeping process, and none of them was hidden
   * from BPF programs.
   */
  readonly isComplete: boolean;
}

/** The scheduling state of a process: asleep, waiting for a CPU, or on a CPU. */
type Place = "asleep" | "waiting" | "running";

/** A trace of one process. */
export class SchedulerTrace implements Disposable {
  readonly #pid: number;
  readonly #trace: EventTrace;

  /** Starts the trace; the process must be asleep. */
  constructor(pid: number) {
    this.#pid = pid;
    this.#trace = new EventTrace({
      "sched/sched_switch": `prev_pid==${pid} || next_pid==${pid}`,
      "sched/sched_wakeup": `pid==${pid}`,
    });
  }

  /** What was seen so far. */
  seen(): Seen {
    const lines = this.#trace.lines();
    const trace = lines.join("\n");
    const pattern = new RegExp(
      `(sched_wakeup):|prev_pid=${this.#pid} .*prev_state=(\\S+)|next_pid=${this.#pid} `,
      "g",
    );
    let [place, switchedIn]: [Place, number] = ["asleep", 0];
    let isComplete = !lines.some(isHidden);
    for (const [, woken, state] of trace.matchAll(pattern)) {
      if (woken) place = place === "asleep" ? "waiting" : place;
      else if (state) {
        isComplete &&= place === "running";
        place = state.startsWith("R") ? "waiting" : "asleep";
      } else {
        isComplete &&= place === "waiting";
        place = "running";
        switchedIn++;
      }
    }
    return { switchedIn, isComplete };
  }

  [Symbol.dispose](): void {
    this.#trace[Symbol.dispose]();
  }
}
