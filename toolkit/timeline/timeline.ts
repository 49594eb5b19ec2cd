/**
 * Events over time: what a trace format has to write, and on which track each event is.
 *
 * @module
 */

import type { Who } from "../task/who.ts";

/** When an event was. */
export interface Span {
  /** In nanoseconds since boot (CLOCK_MONOTONIC): of the event, or where it lasted, of its beginning. */
  readonly start: number;
  /** In nanoseconds; undefined: it has no duration. */
  readonly duration?: number | undefined;
  /** What happened: `open`. Default the tool's name. */
  readonly name?: string | undefined;
}

/** One event. */
export interface TimelineEvent extends Span {
  readonly name: string;
  readonly who: Pick<Who, "pid" | "tid" | "comm">;
  /** Further values of the event. */
  readonly args: Readonly<Record<string, unknown>>;
}

/** Makes the pieces of a file. It is readable after each of them. */
export interface TimelineFormat {
  /** @param tool its name @param pid its process */
  begin(tool: string, pid: number): Uint8Array;
  /** The name of a process or thread, before its first event and whenever it changes. */
  named(who: TimelineEvent["who"], isProcess: boolean): Uint8Array;
  /** The track of a thread beside its first one. */
  lane?(who: TimelineEvent["who"], lane: number): Uint8Array;
  event(event: TimelineEvent, lane: number): Uint8Array;
  /** Something about the trace as a whole. */
  note(text: string, time: number): Uint8Array;
  end(): Uint8Array;
}

interface Thread {
  readonly pid: number;
  comm: string;
  /** Of each lane, when its last event ended. */
  readonly ends: number[];
}

/**
 * Limit on the threads that are kept; those that are forgotten are named again at their next event.
 */
const MAX_THREADS = 65536;

/**
 * Puts events on tracks: one for each thread, and further lanes where events of a thread overlap.
 */
export class Tracks {
  readonly #format: TimelineFormat;
  readonly #processes = new Set<number>();
  readonly #threads = new Map<number, Thread>();

  /** @param format makes the pieces */
  constructor(format: TimelineFormat) {
    this.#format = format;
  }

  /** The pieces of an event. */
  event(event: TimelineEvent): Uint8Array[] {
    const pieces: Uint8Array[] = [];
    const thread = this.#threadOf(event.who, pieces);
    const { start, duration } = event;
    if (duration === undefined) return [...pieces, this.#format.event(event, 0)];
    // Slices of one track must not overlap, and events come in the order of their ends, about.
    let lane = thread.ends.findIndex((end) => end <= start);
    if (lane < 0) {
      lane = thread.ends.length;
      if (lane > 0 && this.#format.lane) pieces.push(this.#format.lane(event.who, lane));
    }
    thread.ends[lane] = start + duration;
    return [...pieces, this.#format.event(event, lane)];
  }

  #threadOf(who: TimelineEvent["who"], pieces: Uint8Array[]): Thread {
    const { pid, tid, comm } = who;
    if (this.#threads.size >= MAX_THREADS) {
      this.#threads.clear();
      this.#processes.clear();
    }
    const known = this.#threads.get(tid);
    if (known?.pid === pid && known.comm === comm) return known;
    if (!this.#processes.has(pid) || pid === tid) {
      this.#processes.add(pid);
      pieces.push(this.#format.named(who, true));
    }
    pieces.push(this.#format.named(who, false));
    const thread = known?.pid === pid ? known : { pid, comm, ends: [] };
    thread.comm = comm;
    this.#threads.set(tid, thread);
    return thread;
  }
}
