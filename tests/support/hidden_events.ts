/**
 * Events that a machine hides from programs.
 *
 * The kernel of one virtual machine (6.18.44) runs no BPF program while a thread of its process 1 is
 * current. Timers, wakeups, soft interrupts and ends of requests that come on top of one are lost to
 * every tool and counted nowhere, though ftrace has them; of a switch away from one ftrace has nothing
 * either. Elsewhere process 1 sleeps, and nothing is found here.
 *
 * @module
 */

import { mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { tracefs } from "../../bpf/tracefs/tracefs.ts";

const ATTEMPTS = 5;

let made = 0;

/**
 * Makes a test's attempt again if it fails and events were hidden meanwhile: what it compares stays
 * exact.
 *
 * @param attempt calls `watch` before its workload begins, with the thread whose `sched/` events count
 */
export async function untilNoneHidden(
  events: readonly string[],
  attempt: (watch: (pid?: number) => void) => Promise<void>,
): Promise<void> {
  for (let left = ATTEMPTS - 1;; left--) {
    using watched = new DisposableStack();
    let hidden: HiddenEvents | undefined;
    try {
      return await attempt((pid = 0) => {
        if (events.length > 0) hidden = watched.use(new HiddenEvents(events, pid));
      });
    } catch (error) {
      if (left === 0 || !hidden?.count()) throw error;
    }
  }
}

/** What may have been hidden of some tracepoints (`block/block_rq_complete`), from its making on. */
export class HiddenEvents implements Disposable {
  readonly #events: readonly string[];
  readonly #pid: number;
  readonly #folder = `${tracefs()}/instances/tsbcc-hidden-${process.pid}-${made++}`;

  /** @param pid the thread whose events in `sched/` count; of others all do */
  constructor(events: readonly string[], pid: number) {
    this.#events = events;
    this.#pid = pid;
    mkdirSync(this.#folder);
    const isFirst = readdirSync("/proc/1/task").map((tid) => `common_pid==${tid}`).join(" || ");
    for (const event of events) {
      const filter = event === "sched/sched_switch"
        ? `prev_pid==${pid} || next_pid==${pid}`
        : event.startsWith("sched/")
        ? `pid==${pid} && (${isFirst})`
        : isFirst;
      writeFileSync(`${this.#folder}/events/${event}/filter`, filter);
      writeFileSync(`${this.#folder}/events/${event}/enable`, "1");
    }
  }

  /** How many so far. */
  count(): number {
    const lines = readFileSync(`${this.#folder}/trace`, "utf8").split("\n")
      .filter((line) => line && !line.startsWith("#"));
    const switches = lines.filter((line) => line.includes(" sched_switch: "));
    return lines.length - switches.length + this.#hiddenSwitches(switches);
  }

  /** Between two switches away from the thread there must be one to it. */
  #hiddenSwitches(lines: readonly string[]): number {
    const isAway = lines.map((line) => line.includes(`prev_pid=${this.#pid} `));
    return isAway.filter((away, i) => away && isAway[i + 1]).length;
  }

  [Symbol.dispose](): void {
    for (const event of this.#events) {
      writeFileSync(`${this.#folder}/events/${event}/enable`, "0");
    }
    rmdirSync(this.#folder);
  }
}
