/**
 * What executable memory processes had, and when: of those that ended too.
 *
 * @module
 */

import type { Wait } from "../../ffi/libc/epoll.ts";
import { whenFilled } from "../events/event_source.ts";
import { Memory, type MemoryRange, rangeOf, readMemory } from "../proc/process_maps.ts";
import { type ProcessRecord, ProcessRecords } from "./process_records.ts";

/** How processes are followed. */
export interface FollowOptions {
  /** Only these processes; default all. */
  readonly pids?: readonly number[] | undefined;
  /**
   * Which processes matter. When it is given, those that ended and do not matter are forgotten now
   * and then.
   */
  readonly wanted?: () => ReadonlySet<number>;
}

/** So many processes that ended are kept before those that do not matter are looked for. */
const ENDED = 4096;
/** As many records at once are a flood; then the next look waits so many milliseconds. */
const [FLOOD, FLOOD_PAUSE] = [64, 10];

/** A process's memory since a time. */
interface Era {
  readonly since: number;
  readonly memory: Memory;
}

/** Follows processes from its making to its closing. */
export class ProcessHistory implements Disposable {
  readonly #records = new ProcessRecords();
  readonly #eras = new Map<number, Era[]>();
  readonly #ended = new Set<number>();
  readonly #options: FollowOptions;
  readonly #onMap: (pid: number, range: MemoryRange) => void;
  #wait: Wait | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;

  /** @param onMap is told when a process maps a range @throws {BpfError} */
  constructor(options: FollowOptions, onMap: (pid: number, range: MemoryRange) => void) {
    this.#options = options;
    this.#onMap = onMap;
    // What is mapped meanwhile is both recorded and found, which does no harm.
    for (const pid of options.pids ?? allProcesses()) {
      const memory = readMemory(pid);
      if (memory) this.#eras.set(pid, [{ since: 0, memory }]);
    }
    this.#next();
  }

  /** The memory that a process had at a time; undefined for one that is not known. */
  at(pid: number, time: number): Memory | undefined {
    this.#drain();
    const eras = this.#eras.get(pid);
    return (eras?.findLast(({ since }) => since <= time) ?? eras?.[0])?.memory;
  }

  /** Ends it; idempotent. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#wait?.cancel();
    clearTimeout(this.#timer);
    this.#records.close();
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
    return this.#closed ? 0 : this.#records.drain((record) => this.#take(record));
  }

  #take(record: ProcessRecord): void {
    const { pid, time } = record;
    if (this.#options.pids?.includes(pid) === false) return;
    if (record.kind === "exec") this.#begin(pid, time, new Memory());
    else if (record.kind === "exit") this.#end(pid);
    else if (record.kind === "fork") {
      const parent = this.#eras.get(record.parent)?.at(-1)?.memory;
      this.#begin(pid, time, parent?.fork() ?? new Memory());
    } else {
      const { range } = record;
      const mapped = rangeOf({ ...range, end: range.start + range.size, since: time });
      this.#memory(pid).add(mapped);
      this.#onMap(pid, mapped);
    }
  }

  #begin(pid: number, since: number, memory: Memory): void {
    const eras = this.#eras.get(pid);
    if (eras) eras.push({ since, memory });
    else this.#eras.set(pid, [{ since, memory }]);
    this.#ended.delete(pid);
  }

  #memory(pid: number): Memory {
    if (!this.#eras.has(pid)) this.#begin(pid, 0, readMemory(pid) ?? new Memory());
    return this.#eras.get(pid)!.at(-1)!.memory;
  }

  #end(pid: number): void {
    this.#ended.add(pid);
    if (this.#ended.size < ENDED || !this.#options.wanted) return;
    const wanted = this.#options.wanted();
    for (const ended of this.#ended) {
      if (!wanted.has(ended)) this.#eras.delete(ended);
    }
    this.#ended.clear(); // those that matter stay, and are not asked about again
  }
}

function allProcesses(): number[] {
  const names = process.getBuiltinModule("node:fs").readdirSync("/proc");
  return names.filter((name) => /^\d+$/.test(name)).map(Number);
}
