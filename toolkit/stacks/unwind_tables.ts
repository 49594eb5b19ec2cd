/**
 * Tables by which the kernel side walks user stacks without frame pointers (unwind.h): made from
 * the call frame information of a process's files, and shared by all processes that have the files
 * mapped.
 *
 * @module
 */

import {
  type Bpf,
  type BpfMap,
  type EventStream,
  exists,
  type Infer,
  type LoadOptions,
  readText,
  struct,
  TsBccError,
  u16,
  u32,
  u64,
} from "../../mod.ts";
import { realpathSync, statSync } from "node:fs";
import { allProcesses, type MemoryRange, readMemory } from "../../plumbing.ts";
import { UnwindRows } from "./unwind_rows.ts";

/** struct unwind_range of unwind_tables.h. */
const UnwindRange = struct("unwind_range", {
  start: u64,
  end: u64,
  low: u64,
  high: u64,
  bias: u64,
  first: u32,
  count: u32,
  calls_first: u32,
  calls: u32,
  chunk: u16,
  calls_chunk: u16,
  kind: u16,
  python: u16,
});
type UnwindRange = Infer<typeof UnwindRange>;

const NOTHING = {
  ...{ bias: 0n, first: 0, count: 0, calls_first: 0, calls: 0 },
  ...{ chunk: 0, calls_chunk: 0, kind: 0, python: 0 },
};

const UnwindProcess = struct("unwind_process", {
  first: u32,
  count: u32,
  stack: u64,
  uprobes: u64,
});

const BY_FRAME_POINTER = 1; // by rows: 0
/** Limit of the search in find_range(). */
const MAX_RANGES = 2 ** 14 - 1;
const [RANGES, PROCESSES, FILES] = [65536, 16384, 4096];
/** Entries of 1.5 KiB each. */
const PYTHON_CODES = 2048;
/** Entries of half a KiB each. */
const RUBY_CODES = 4096;
const CHUNK_MIB = 0.53125;
const UPROBES = "[uprobes]";
/** A page of the kernel's for old system calls: it has no unwind information. */
const VSYSCALL = "[vsyscall]";

/** The sizes of the maps of unwind_tables.h, for at most so many MiB of tables. */
export function unwindSettings(mebibytes: number): LoadOptions {
  return {
    globals: { unwinding: mebibytes > 0 },
    maps: mebibytes > 0
      ? {
        unwind_chunks: { maxEntries: Math.floor(mebibytes / CHUNK_MIB) },
        unwind_ranges: { maxEntries: RANGES },
        unwind_files: { maxEntries: FILES },
        python_codes: { maxEntries: PYTHON_CODES },
        ruby_codes: { maxEntries: RUBY_CODES },
        unwind_processes: { maxEntries: PROCESSES },
      }
      : {},
  };
}

/** A process's part of unwind_ranges. */
interface Slot {
  readonly first: number;
  readonly room: number;
}

/** Makes the tables of processes, and follows what the kernel side asks for. */
export class UnwindTables implements Disposable {
  readonly #bpf: Bpf;
  readonly #rows: UnwindRows;
  readonly #ranges: BpfMap<number, UnwindRange>;
  readonly #processes: BpfMap<number, Infer<typeof UnwindProcess>>;
  readonly #slots = new Map<number, Slot>();
  /** Unused parts of unwind_ranges. */
  #free: Slot[] = [{ first: 0, room: RANGES }];
  /** Processes that have mapped code since their tables were made. */
  readonly #outdated = new Set<number>();
  /** Called once, when there is no room for some tables. */
  #whenFull: (() => void) | undefined;
  #wanted: EventStream<number> | undefined;
  #isClosed = false;

  constructor(bpf: Bpf) {
    this.#bpf = bpf;
    this.#rows = new UnwindRows(bpf);
    this.#ranges = bpf.map("unwind_ranges", u32, UnwindRange);
    this.#processes = bpf.map("unwind_processes", u32, UnwindProcess);
  }

  /**
   * Makes the tables of some processes, or of all; then of those that the kernel side asks for.
   *
   * @param whenFull called once, when there is no room for some tables: the kernel side then walks
   * that code by frame pointers
   */
  async follow(pids: readonly number[] | undefined, whenFull: () => void): Promise<void> {
    this.#whenFull = whenFull;
    const wanted = this.#bpf.events("unwind_wanted", u32);
    this.#wanted = wanted;
    for (const pid of pids ?? allProcesses()) {
      this.load(pid);
      // Lets signals be handled in between.
      await new Promise((resolve) => setImmediate(resolve));
      if (this.#isClosed) return;
    }
    void this.#serve(wanted);
  }

  async #serve(wanted: AsyncIterable<number>): Promise<void> {
    for await (const pid of wanted) this.load(pid);
  }

  /** Makes the tables of a process; one that has ended gets none. */
  load(pid: number): void {
    const [stack, memory] = [stackStart(pid), readMemory(pid)];
    // The process may have called exec in between.
    const isWhole = stack !== undefined && stack === stackStart(pid);
    if (!memory || memory.ranges.length === 0 || !isWhole) return this.forget(pid);
    const ranges = memory.ranges.toSorted((a, b) => a.start < b.start ? -1 : 1);
    const uprobes = ranges.find(({ path }) => path === UPROBES)?.start ?? 0n;
    const parts = ranges.filter(({ path }) => path !== UPROBES && path !== VSYSCALL)
      .flatMap((range) => this.#parts(pid, range)).slice(0, MAX_RANGES);
    this.#rows.flush();
    if (this.#rows.isFull) this.#tellFull();
    const isKnown = this.#slots.has(pid);
    if (!isKnown && this.#slots.size === PROCESSES) this.#sweep();
    const slot = this.#take(parts.length) ?? (this.#sweep(), this.#take(parts.length));
    if (!slot || !isKnown && this.#slots.size === PROCESSES) {
      if (slot) this.#free.push(slot);
      return this.#tellFull();
    }
    parts.forEach((part, i) => this.#ranges.set(slot.first + i, part));
    this.#processes.set(pid, { first: slot.first, count: parts.length, stack, uprobes });
    const old = this.#slots.get(pid);
    if (old) this.#free.push(old);
    this.#slots.set(pid, slot);
  }

  /**
   * Notes that a process has mapped code of a file. The kernel side finds the rows of listed files
   * by itself, but a process's own tables have to be made again.
   */
  mapped(pid: number, range: MemoryRange): void {
    if (this.#isClosed || range.file === undefined) return;
    this.#rows.of(pid, range);
    this.#rows.flush();
    if (this.#rows.isFull) this.#tellFull();
    if (!this.#slots.has(pid)) return;
    // A program maps several libraries at once.
    if (this.#outdated.size === 0) setImmediate(() => this.#renew());
    this.#outdated.add(pid);
  }

  /** Makes the rows of a program's file before it is run. */
  expect(program: string): void {
    const range = programRange(program);
    if (range) this.mapped(process.pid, range);
  }

  #renew(): void {
    const pids = [...this.#outdated];
    this.#outdated.clear();
    if (!this.#isClosed) { for (const pid of pids) this.load(pid); }
  }

  /** Drops the tables of a process. */
  forget(pid: number): void {
    const slot = this.#slots.get(pid);
    if (!slot) return;
    this.#processes.delete(pid);
    this.#slots.delete(pid);
    this.#free.push(slot);
  }

  #tellFull(): void {
    this.#whenFull?.();
    this.#whenFull = undefined;
  }

  /** Drops the tables of processes that have ended, and merges free parts. */
  #sweep(): void {
    for (const pid of this.#slots.keys()) if (!exists(`/proc/${pid}`)) this.forget(pid);
    const free = this.#free.toSorted((a, b) => a.first - b.first);
    this.#free = [];
    for (const slot of free) {
      const last = this.#free.at(-1);
      if (last && last.first + last.room === slot.first) {
        this.#free[this.#free.length - 1] = { first: last.first, room: last.room + slot.room };
      } else this.#free.push(slot);
    }
  }

  [Symbol.dispose](): void {
    this.#isClosed = true;
    this.#wanted?.close();
    this.#rows[Symbol.dispose]();
  }

  /** A range of memory as the kernel side searches it. */
  #parts(pid: number, range: MemoryRange): UnwindRange[] {
    const { start, end } = range;
    const file = this.#rows.of(pid, range);
    const address = file?.addressOf(range.offset);
    if (!file || address === undefined) {
      return [{ ...NOTHING, start, end, low: start, high: end, kind: BY_FRAME_POINTER }];
    }
    const bias = start - BigInt(address);
    const from = (address: number) => largest(start, bias + BigInt(address));
    const to = (address: number) => smallest(end, bias + BigInt(address));
    return file.pieces
      .map((piece) => ({
        ...NOTHING,
        ...piece,
        start: from(piece.start),
        end: to(piece.end),
        low: from(piece.low),
        high: to(piece.high),
        bias,
        python: file.python,
      }))
      .filter(({ start, end }) => start < end);
  }

  #take(room: number): Slot | undefined {
    const at = this.#free.findIndex((free) => free.room >= room);
    if (at < 0) return undefined;
    const free = this.#free[at]!;
    this.#free.splice(at, 1);
    if (free.room > room) this.#free.push({ first: free.first + room, room: free.room - room });
    return { first: free.first, room };
  }
}

/**
 * The range by which processes that run a program will have it mapped; undefined if there is no
 * such file.
 */
function programRange(program: string): MemoryRange | undefined {
  try {
    const path = realpathSync(program);
    const { dev, ino } = statSync(path, { bigint: true });
    // As gnu_dev_major(3) and gnu_dev_minor(3) take it apart.
    const major = dev >> 8n & 0xfffn | dev >> 32n & ~0xfffn;
    const minor = dev & 0xffn | dev >> 12n & 0xffffff00n;
    const device = [major, minor].map((part) => part.toString(16).padStart(2, "0")).join(":");
    const [inode, file] = [String(ino), `${device} ${ino} ${path}`];
    return { start: 0n, end: 0n, offset: 0, file, inode, path, since: 0 };
  } catch {
    return undefined; // running it will report the error
  }
}

/** Where a process's stack began at its last exec: the address differs after the next one. */
function stackStart(pid: number): bigint | undefined {
  try {
    // A name may hold any characters, so fields are counted from its end: startstack is the 26th.
    const stat = readText(`/proc/${pid}/stat`);
    return BigInt(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[25]!);
  } catch (error) {
    if (error instanceof TsBccError) return undefined;
    throw error;
  }
}

const largest = (a: bigint, b: bigint) => a > b ? a : b;
const smallest = (a: bigint, b: bigint) => a < b ? a : b;
