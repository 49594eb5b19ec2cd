/**
 * What executable memory processes had, and when: of those that ended too.
 *
 * @module
 */

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
   * Which processes matter. When it is given, those that ended and do not matter are forgotten now
   * and then, but for the latest: what was seen of those may come later.
   */
  readonly wanted?: () => ReadonlySet<number>;
  /** So many programs of processes that ended are kept in any case; default 512. Each takes about 1 KiB. */
  readonly latest?: number;
}

/** What a history tells besides. */
export interface HistoryEvents {
  /** A process has mapped a range. */
  onMap?(image: ProcessImage, range: MemoryRange): void;
  /** A process was found that has memory which code may be compiled to. */
  onCode?(image: ProcessImage): void;
  /** Processes that ended were forgotten, because they do not matter. */
  onForget?(pids: ReadonlySet<number>): void;
}

/** So many images of processes that ended are kept in any case. */
const LATEST = 512;
/** As many records at once are a flood; then the next look waits so many milliseconds. */
const [FLOOD, FLOOD_PAUSE] = [64, 10];

/** Follows processes from its making to its closing. */
export class ProcessHistory implements Disposable {
  readonly #records = new ProcessRecords();
  /** The images of each process, the oldest first. */
  readonly #images = new Map<number, ProcessImage[]>();
  /** Images of processes that have ended. */
  readonly #ended = new Set<ProcessImage>();
  /** How many of them mattered when that was asked last. */
  #kept = 0;
  readonly #options: FollowOptions;
  readonly #events: HistoryEvents;
  /** Names of files, which many processes map, once. */
  readonly #names = new Map<string, string>();
  #wait: Wait | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  /** @throws {BpfError} */
  constructor(options: FollowOptions = {}, events: HistoryEvents = {}) {
    this.#options = options;
    this.#events = events;
    // What is mapped meanwhile is both recorded and found, which does no harm.
    for (const pid of options.pids ?? allProcesses()) {
      const memory = readMemory(pid);
      if (memory) this.#begin(new ProcessImage(pid, 0, memory));
    }
    this.#next();
  }

  /** What a process was at a time; undefined for one that is not known. */
  at(pid: number, time: number): ProcessImage | undefined {
    this.#drain();
    const images = this.#images.get(pid);
    return images?.findLast(({ since }) => since <= time) ?? images?.[0];
  }

  /** The processes that are known to have ended by now, and are not forgotten yet. */
  get ended(): ReadonlySet<number> {
    this.#drain();
    return new Set(Array.from(this.#ended, ({ pid }) => pid));
  }

  /** Forgets processes that have ended. */
  forget(pids: ReadonlySet<number>): void {
    for (const image of this.#ended) if (pids.has(image.pid)) this.#forget(image);
  }

  /** How many programs of processes are known, of those that ended too. */
  get size(): number {
    return this.#images.values().reduce((sum, images) => sum + images.length, 0);
  }

  /** Ends it; idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wait?.cancel();
    clearTimeout(this.#timer);
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
    const count = this.#closed ? 0 : this.#records.drain((record) => this.#take(record));
    const { latest = LATEST } = this.#options;
    // Not at each one more: to look for those that do not matter takes a look at all.
    if (this.#ended.size >= this.#kept + 2 * latest && this.#options.wanted) {
      const wanted = this.#options.wanted();
      const old = [...this.#ended].slice(0, -latest).filter(({ pid }) => !wanted.has(pid));
      for (const image of old) this.#forget(image);
      this.#kept = this.#ended.size - latest;
      this.#events.onForget?.(new Set(old.map(({ pid }) => pid)));
    }
    return count;
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
    // The number may be another's by now.
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
