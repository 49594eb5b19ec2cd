/**
 * The executable memory that processes had over time, including processes that have ended.
 *
 * @module
 */

import { monotonicTime } from "../../ffi/libc/clock.ts";
import type { Wait } from "../../ffi/libc/epoll.ts";
import { whenFilled } from "../events/event_source.ts";
import { allProcesses } from "../proc/all_processes.ts";
import { Memory, type MemoryRange, rangeOf, readMemory } from "../proc/process_maps.ts";
import { ProcessImage } from "./process_image.ts";
import { type ProcessRecord, ProcessRecords } from "./process_records.ts";

/** How processes are followed. */
export interface FollowOptions {
  /** Only these processes; default all. */
  readonly pids?: readonly number[] | undefined;
  /**
   * Which processes are still needed. If given, ended processes that are not needed are forgotten
   * now and then, except the latest: their events may still arrive.
   */
  readonly wanted?: () => ReadonlySet<number>;
  /**
   * How many programs of ended processes are kept in any case; default 512. Each takes about 1 KiB.
   */
  readonly latest?: number;
}

/** Notifications of a history. */
export interface HistoryEvents {
  /** A process has mapped a range. */
  onMap?(image: ProcessImage, range: MemoryRange): void;
  /** A process with memory for JIT-compiled code was found. */
  onCode?(image: ProcessImage): void;
  /** Ended processes that are not needed were forgotten. */
  onForget?(pids: ReadonlySet<number>): void;
}

/** How many images of ended processes are kept in any case. */
const LATEST = 512;
/**
 * So many records in one drain are a flood; then the next drain is delayed by so many milliseconds.
 */
const [FLOOD, FLOOD_PAUSE] = [64, 10];
/**
 * When records were dropped, /proc is read for all followed processes. Before the next time at
 * least `pause` nanoseconds pass, and `share` times the duration of that reading: `few` where
 * processes were chosen, `all` otherwise.
 */
const RECOVERY = { few: { pause: 0, share: 1 }, all: { pause: 1e9, share: 10 } } as const;

/** Follows processes until it is closed. */
export class ProcessHistory implements Disposable {
  readonly #records = new ProcessRecords();
  /** The images of each process, oldest first. */
  readonly #images = new Map<number, ProcessImage[]>();
  /** Images of processes that have ended. */
  readonly #ended = new Set<ProcessImage>();
  /** How many of them were needed at the last check. */
  #kept = 0;
  readonly #options: FollowOptions;
  readonly #events: HistoryEvents;
  /** File names, interned: many processes map the same files. */
  readonly #names = new Map<string, string>();
  #wait: Wait | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  /** How many records had been dropped when processes were last read from /proc. */
  #dropped = 0;
  /** Whether more have been dropped since. */
  #isIncomplete = false;
  /** The last time when all records had been read and none was missing. */
  #complete = monotonicTime();
  #nextRecovery = 0;
  #recovery: ReturnType<typeof setTimeout> | undefined;

  /** @throws {BpfError} */
  constructor(options: FollowOptions = {}, events: HistoryEvents = {}) {
    this.#options = options;
    this.#events = events;
    // What is mapped meanwhile is both recorded and found in /proc, which is harmless.
    for (const pid of options.pids ?? allProcesses()) {
      const memory = readMemory(pid);
      if (memory) this.#begin(new ProcessImage(pid, 0, memory));
    }
    this.#next();
  }

  /** The image of a process at a time; undefined for an unknown process. */
  at(pid: number, time: number): ProcessImage | undefined {
    this.#drain();
    const images = this.#images.get(pid);
    return images?.findLast(({ since }) => since <= time) ?? images?.[0];
  }

  /** The processes known to have ended that are not forgotten yet. */
  get ended(): ReadonlySet<number> {
    this.#drain();
    return new Set(Array.from(this.#ended, ({ pid }) => pid));
  }

  /** Forgets ended processes. */
  forget(pids: ReadonlySet<number>): void {
    for (const image of this.#ended) if (pids.has(image.pid)) this.#forget(image);
  }

  /** How many images are known, including those of ended processes. */
  get size(): number {
    return this.#images.values().reduce((sum, images) => sum + images.length, 0);
  }

  /** Stops following; idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wait?.cancel();
    clearTimeout(this.#timer);
    clearTimeout(this.#recovery);
    this.#records.close();
    for (const image of [...this.#images.values()].flat()) image.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  async #next(): Promise<void> {
    while (!this.#closed) {
      this.#wait = whenFilled(this.#records);
      await this.#wait.ready;
      if (this.#drain() < FLOOD) continue;
      await new Promise<void>((resolve) => this.#timer = setTimeout(resolve, FLOOD_PAUSE));
    }
  }

  #drain(): number {
    if (this.#closed) return 0;
    const now = monotonicTime();
    const count = this.#records.drain((record) => this.#take(record));
    // Only a flood fills a ring.
    if (count >= FLOOD) this.#isIncomplete ||= this.#records.dropped > this.#dropped;
    if (!this.#isIncomplete) this.#complete = now;
    else if (now >= this.#nextRecovery) this.#recover(now);
    else if (this.#recovery === undefined) {
      this.#recovery = setTimeout(() => this.#drain(), (this.#nextRecovery - now) / 1e6 + 1);
    }
    const { latest = LATEST } = this.#options;
    // Not for each additional image: the check visits all of them.
    if (this.#ended.size >= this.#kept + 2 * latest && this.#options.wanted) {
      const wanted = this.#options.wanted();
      const old = [...this.#ended].slice(0, -latest).filter(({ pid }) => !wanted.has(pid));
      for (const image of old) this.#forget(image);
      this.#kept = this.#ended.size - latest;
      this.#events.onForget?.(new Set(old.map(({ pid }) => pid)));
    }
    return count;
  }

  /**
   * Reads the mappings of processes from /proc, because records were dropped. Unknown mappings
   * count as made after the last time when no record was missing.
   */
  #recover(now: number): void {
    clearTimeout(this.#recovery);
    this.#recovery = undefined;
    this.#dropped = this.#records.dropped;
    const running = new Set(this.#options.pids ?? allProcesses());
    for (const pid of this.#images.keys()) if (!running.has(pid)) this.#end(pid);
    for (const pid of running) {
      const memory = readMemory(pid);
      if (memory) this.#compare(pid, memory, this.#complete);
      else this.#end(pid);
    }
    this.#complete = now;
    this.#isIncomplete = false;
    const took = monotonicTime() - now;
    const { pause, share } = RECOVERY[this.#options.pids ? "few" : "all"];
    this.#nextRecovery = now + took + Math.max(pause, share * took);
  }

  #compare(pid: number, memory: Memory, since: number): void {
    const last = this.#last(pid);
    const isKnown = last !== undefined && !this.#ended.has(last);
    const image = isKnown ? last : new ProcessImage(pid, last ? since : 0, memory);
    if (!isKnown) this.#begin(image);
    for (const range of memory.ranges) {
      if (isKnown && image.memory.has(range)) continue;
      if (isKnown) image.add({ ...range, since });
      this.#events.onMap?.(image, range);
    }
  }

  #take(record: ProcessRecord): void {
    const { pid, time } = record;
    if (this.#options.pids?.includes(pid) === false) return;
    if (record.kind === "exec") {
      this.#last(pid)?.end();
      this.#begin(new ProcessImage(pid, time, new Memory()));
    } else if (record.kind === "exit") this.#end(pid);
    else if (record.kind === "fork") {
      const parent = this.#last(record.parent);
      this.#begin(new ProcessImage(pid, time, parent?.memory.fork() ?? new Memory(), parent));
    } else this.#map(pid, record);
  }

  #map(pid: number, { range, time }: ProcessRecord & { readonly kind: "map" }): void {
    const found = rangeOf({ ...range, end: range.start + range.size, since: time });
    const mapped = { ...found, file: this.#name(found.file), path: this.#name(found.path) };
    let image = this.#last(pid);
    if (!image) this.#begin(image = new ProcessImage(pid, 0, readMemory(pid) ?? new Memory()));
    image.add(mapped);
    this.#events.onMap?.(image, mapped);
  }

  #last(pid: number): ProcessImage | undefined {
    return this.#images.get(pid)?.at(-1);
  }

  #begin(image: ProcessImage): void {
    const images = this.#images.get(image.pid);
    if (images) images.push(image);
    else this.#images.set(image.pid, [image]);
    if (image.memory.hasCode || this.#options.pids) this.#events.onCode?.(image);
  }

  #end(pid: number): void {
    for (const image of this.#images.get(pid) ?? []) {
      if (this.#ended.has(image)) continue;
      image.end();
      this.#ended.add(image);
    }
  }

  #forget(image: ProcessImage): void {
    const { pid } = image;
    image.close();
    this.#ended.delete(image);
    // The pid may be another process's by now.
    const left = this.#images.get(pid)?.filter((other) => other !== image) ?? [];
    if (left.length > 0) this.#images.set(pid, left);
    else this.#images.delete(pid);
  }

  #name<T extends string | undefined>(name: T): T {
    if (name === undefined) return name;
    const known = this.#names.get(name);
    if (known === undefined) this.#names.set(name, name);
    return (known ?? name) as T;
  }
}
