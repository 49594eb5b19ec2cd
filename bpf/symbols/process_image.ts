/**
 * The memory of a process between one exec and the next.
 *
 * @module
 */

import { exists, readLink, readText } from "../../ffi/libc/files.ts";
import { isCode, type Memory, type MemoryRange, readMemory } from "../proc/process_maps.ts";
import { JitSymbols } from "./jit_symbols.ts";

/**
 * Limit on the ancestors that are searched for the process that compiled the code its forks run.
 */
const MAX_FORKS = 8;

/** A program running in a process. */
export class ProcessImage {
  readonly pid: number;
  /** Its start, on the clock of `bpf_ktime_get_ns`; 0 for one found running. */
  readonly since: number;
  readonly memory: Memory;
  /** Whether it has memory for JIT-compiled code. */
  hasCode: boolean;
  readonly #parent: ProcessImage | undefined;
  #jit: JitSymbols | undefined;
  #forks = 0;
  #hasEnded = false;
  #isClosed = false;

  /** @param parent the image it was forked from, whose JIT-compiled code it shares */
  constructor(pid: number, since: number, memory: Memory, parent?: ProcessImage) {
    this.pid = pid;
    this.since = since;
    this.memory = memory;
    this.hasCode = memory.hasCode || parent?.hasCode === true;
    // An ended process is not kept alive by forks that it made long ago.
    if (!parent?.hasCode) return;
    this.#parent = parent;
    parent.#forks++;
  }

  /** The symbols of its JIT-compiled code. */
  get jit(): JitSymbols {
    return this.#jit ??= this.#open();
  }

  /** Records a mapping. */
  add(range: MemoryRange): void {
    this.memory.add(range);
    if (isCode(range)) this.hasCode = true;
    else if (range.path.includes("/jit-")) this.jit.addMapped(range);
  }

  /** Reads the remaining symbols when the process ends or calls exec. */
  end(): void {
    if (this.hasCode) this.jit.openPerfMap();
    this.#hasEnded = true;
    this.#jit?.end();
  }

  /** Closes its files unless forks need them. */
  close(): void {
    this.#isClosed = true;
    this.#release();
  }

  #release(): void {
    if (!this.#isClosed || this.#forks > 0) return;
    this.#jit?.[Symbol.dispose]();
    this.#jit = undefined;
    const parent = this.#parent;
    if (!parent) return;
    parent.#forks--;
    parent.#release();
  }

  #open(): JitSymbols {
    const parent = this.#parent?.jit ??
      (this.since === 0 ? parentOf(this.pid, this.memory, MAX_FORKS) : undefined);
    const jit = new JitSymbols(this.pid, this.since, parent);
    for (const range of this.memory.ranges) jit.addMapped(range);
    // By now the pid may be another process's.
    if (this.#hasEnded) jit.end();
    return jit;
  }
}

/**
 * The JIT symbols of the process that a running one was forked from, if it shares that code: same
 * program, with memory for code at the same place.
 */
function parentOf(pid: number, memory: Memory, left: number): JitSymbols | undefined {
  const own = memory.ranges.filter(isCode);
  if (own.length === 0 || left === 0) return undefined;
  try {
    const parent = Number(/^PPid:\t(\d+)$/m.exec(readText(`/proc/${pid}/status`))?.[1]);
    if (!exists(`/proc/${parent}/exe`)) return undefined;
    if (readLink(`/proc/${parent}/exe`) !== readLink(`/proc/${pid}/exe`)) return undefined;
    const theirs = readMemory(parent);
    const starts = new Set(theirs?.ranges.filter(isCode).map(({ start }) => start));
    if (!own.some(({ start }) => starts.has(start))) return undefined;
    const jit = new JitSymbols(parent, 0, parentOf(parent, theirs!, left - 1));
    for (const range of theirs!.ranges) jit.addMapped(range);
    return jit;
  } catch {
    return undefined; // one of them has ended meanwhile
  }
}
