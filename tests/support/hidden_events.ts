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

import { existsSync, readdirSync } from "node:fs";
import { tracefs } from "../../bpf/tracefs/tracefs.ts";
import { EventTrace } from "./event_trace.ts";

/** Where requests to disks go on and end. */
export const BLOCK_EVENTS = ["block/block_rq_issue", "block/block_rq_complete"];
/** Where connections change. */
export const TCP_EVENTS = [
  "sock/inet_sock_set_state",
  "tcp/tcp_retransmit_skb",
  "tcp/tcp_cong_state_set",
  "tcp/tcp_probe",
  "skb/kfree_skb",
];
/** Where threads begin to wait for a CPU and get it. */
export const RUN_QUEUE_EVENTS = ["sched/sched_wakeup", "sched/sched_switch"];
/** Where threads are woken by somebody. */
export const WAKER_EVENTS = ["sched/sched_waking", "sched/sched_switch"];

const ATTEMPTS = 5;
const SWITCH = /prev_comm=(.*) prev_pid=(\d+) .* ==> next_comm=.* next_pid=(\d+) /;

/** Whose `sched/` events count: a thread by its id, or all threads of a name. */
export type Watched = number | string;

/** The threads of process 1. */
const firstThreads = (): string[] => readdirSync("/proc/1/task");

/** Whether a line of a trace is of an event that comes on top of a thread of process 1. */
export function isHidden(line: string): boolean {
  const [, tid] = /-(\d+) +\[\d+\] /.exec(line) ?? [];
  return tid !== undefined && firstThreads().includes(tid);
}

/**
 * Makes a test's attempt again if it fails and events were hidden meanwhile: what it compares stays
 * exact.
 *
 * @param attempt calls `watch` before its workload begins, with whose `sched/` events count
 */
export async function untilNoneHidden(
  events: readonly string[],
  attempt: (watch: (whose?: Watched) => void) => Promise<void>,
): Promise<void> {
  for (let left = ATTEMPTS - 1;; left--) {
    using watched = new DisposableStack();
    let hidden: HiddenEvents | undefined;
    try {
      return await attempt((whose = 0) => {
        if (events.length > 0) hidden = watched.use(new HiddenEvents(events, whose));
      });
    } catch (error) {
      if (left === 0 || !hidden?.count()) throw error;
    }
  }
}

/** The body of a test that is made again so: `test(name, exactly(BLOCK_EVENTS, async (watch) => { … }))`. */
export const exactly = (
  events: readonly string[],
  attempt: (watch: (whose?: Watched) => void) => Promise<void>,
): () => Promise<void> =>
() => untilNoneHidden(events, attempt);

/** What may have been hidden of some tracepoints, from its making on. */
class HiddenEvents implements Disposable {
  readonly #trace: EventTrace;
  readonly #whose: Watched;

  constructor(events: readonly string[], whose: Watched) {
    const isFirst = firstThreads().map((tid) => `common_pid==${tid}`).join(" || ");
    const is = (prefix: string) =>
      typeof whose === "string" ? `${prefix}comm=="${whose}"` : `${prefix}pid==${whose}`;
    const filter = (event: string) => {
      if (event === "sched/sched_switch") return `${is("prev_")} || ${is("next_")}`;
      return event.startsWith("sched/") ? `${is("")} && (${isFirst})` : isFirst;
    };
    const there = events.filter((event) => existsSync(`${tracefs()}/events/${event}`));
    this.#whose = whose;
    this.#trace = new EventTrace(Object.fromEntries(there.map((event) => [event, filter(event)])));
  }

  /** How many so far. */
  count(): number {
    const lines = this.#trace.lines();
    const switches = lines.filter((line) => line.includes(" sched_switch: "));
    return lines.length - switches.length + this.#hiddenSwitches(switches);
  }

  /** Between two switches away from a thread there must be one to it. */
  #hiddenSwitches(lines: readonly string[]): number {
    const off = new Set<string>();
    let hidden = 0;
    for (const line of lines) {
      const [, name, away, to] = SWITCH.exec(line)!;
      off.delete(to!);
      if (!this.#isWatched(name!, away!)) continue;
      if (off.has(away!)) hidden++;
      off.add(away!);
    }
    return hidden;
  }

  #isWatched(name: string, tid: string): boolean {
    return typeof this.#whose === "string" ? name === this.#whose : Number(tid) === this.#whose;
  }

  [Symbol.dispose](): void {
    this.#trace[Symbol.dispose]();
  }
}
