/**
 * Events at which a machine's kernel does not run BPF programs.
 *
 * The kernel of one virtual machine (6.18.44) runs no BPF program while a thread of process 1 is current.
 * Every tool misses timers, wakeups, soft interrupts and completed requests in the context of such a thread,
 * and no counter has them. ftrace records them, except switches away from such a thread. On other machines
 * process 1 sleeps, and this module finds no hidden events.
 *
 * @module
 */

import { existsSync, readdirSync } from "node:fs";
import { tracefs } from "../../bpf/tracefs/tracefs.ts";
import { EventTrace } from "./event_trace.ts";

/** Tracepoints where disk requests are issued and completed. */
export const BLOCK_EVENTS = ["block/block_rq_issue", "block/block_rq_complete"];
/** Tracepoints where TCP connections change. */
export const TCP_EVENTS = [
  "sock/inet_sock_set_state",
  "tcp/tcp_retransmit_skb",
  "tcp/tcp_cong_state_set",
  "tcp/tcp_probe",
  "skb/kfree_skb",
];
/** Tracepoints where threads begin to wait for a CPU, and where they get it. */
export const RUN_QUEUE_EVENTS = ["sched/sched_wakeup", "sched/sched_switch"];
/** Tracepoints where a thread wakes another, and where the woken one gets a CPU. */
export const WAKER_EVENTS = ["sched/sched_waking", "sched/sched_switch"];

const ATTEMPTS = 5;
const SWITCH = /prev_comm=(.*) prev_pid=(\d+) .* ==> next_comm=.* next_pid=(\d+) /;

/** The thread whose `sched/` events matter, by its id, or all threads of a name. */
export type Watched = number | string;

/** The thread ids of process 1. */
const firstThreads = (): string[] => readdirSync("/proc/1/task");

/** Whether a line of an ftrace trace is an event in the context of a thread of process 1. */
export function isHidden(line: string): boolean {
  const [, tid] = /-(\d+) +\[\d+\] /.exec(line) ?? [];
  return tid !== undefined && firstThreads().includes(tid);
}

/**
 * Repeats a test's attempt if it failed and events were hidden meanwhile. So the test can compare exactly.
 *
 * @param attempt calls `watch` before its workload begins, with the thread whose `sched/` events matter
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

/** `untilNoneHidden` as the body of a test: `test(name, exactly(BLOCK_EVENTS, async (watch) => { … }))`. */
export const exactly = (
  events: readonly string[],
  attempt: (watch: (whose?: Watched) => void) => Promise<void>,
): () => Promise<void> =>
() => untilNoneHidden(events, attempt);

/** Counts events that may have been hidden at some tracepoints, from its construction on. */
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

  /** The number of hidden events so far. */
  count(): number {
    const lines = this.#trace.lines();
    const switches = lines.filter((line) => line.includes(" sched_switch: "));
    return lines.length - switches.length + this.#hiddenSwitches(switches);
  }

  /** Counts missing switches: between two switches away from a thread there must be one to it. */
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
