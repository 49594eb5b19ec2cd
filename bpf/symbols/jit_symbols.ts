/**
 * Names of what a process has compiled while it runs, from the files that its compiler writes.
 *
 * Whoever may write to /tmp may write such a file: one is believed that belongs to the process's
 * user or to root, that is named by the number which the process has in its own PID namespace, and
 * that was written to since the process began.
 *
 * @module
 */

import { monotonicTime } from "../../ffi/libc/clock.ts";
import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { readText } from "../../ffi/libc/files.ts";
import { openForeignIfAny, ownersFor } from "../proc/open_foreign.ts";
import type { MemoryRange } from "../proc/process_maps.ts";
import type { CompiledFunction } from "./code_ranges.ts";
import { JitDump, JITDUMP_NAME } from "./jitdump.ts";
import { MAX_PERF_MAP_SIZE, PerfMap } from "./perf_map.ts";
import type { ResolvedSymbol } from "./symbol.ts";

/** Milliseconds between two looks at a file: what was added meanwhile is named a little later. */
const LOOK_MS = 50;
/** Times of files come from a coarser clock than those of processes, in milliseconds. */
const CLOCK_MS = 50;
/** Ticks of the times in /proc/PID/stat in a second, on all architectures. */
const USER_HZ = 100;
const NS_PER_MS = 1e6;
/** The largest jitdump file that is read: it holds all code that was ever made. */
const MAX_JITDUMP_SIZE = 2 ** 33;

/** Who a process is: told while it runs. */
interface Identity {
  /** Its number in its own PID namespace. */
  readonly pid: number;
  readonly owners: ReadonlySet<number>;
  /** When it began, in milliseconds since 1970. */
  readonly began: number;
}

/** A file of names, and what they say where they come from. */
interface Source {
  readonly reader: PerfMap | JitDump;
  readonly module: string;
}

/** The functions that one process has compiled since its last exec. */
export class JitSymbols implements Disposable {
  readonly pid: number;
  /** What it has from the process that it was forked from. */
  readonly #parent: JitSymbols | undefined;
  readonly #since: number;
  #identity: Identity | undefined;
  #sources: Source[] = [];
  readonly #dumps = new Set<string>();
  #perfMap: string | undefined;
  #looked = -Infinity;
  #hasEnded = false;
  /** Nobody writes to the files any more, and they were read since. */
  #isRead = false;

  /**
   * Opens nothing yet.
   *
   * @param since when it called exec, as `bpf_ktime_get_ns` tells; 0: it was found running
   */
  constructor(pid: number, since: number, parent?: JitSymbols) {
    this.pid = pid;
    this.#since = since;
    this.#parent = parent;
  }

  /** Whether there is nothing more to look for: a file was found, or the process has ended. */
  get isSettled(): boolean {
    return this.#hasEnded || this.#sources.length > 0;
  }

  /** What was compiled to an address: in a fork, by the process or before it was forked. */
  at(address: bigint, time?: number): ResolvedSymbol | undefined {
    this.look();
    const where = Number(address);
    for (const { reader, module } of this.#sources) {
      const found: CompiledFunction | undefined = reader.at(where, time);
      if (found) return { name: found.name, offset: where - found.start, module };
    }
    return this.#parent?.at(address, time);
  }

  /** Opens a jitdump file, if it is one that was mapped. Compilers map a page of it to tell of it. */
  addMapped(range: MemoryRange): void {
    const { file, path } = range;
    const name = path.slice(path.lastIndexOf("/") + 1);
    if (file === undefined || !JITDUMP_NAME.test(name) || this.#dumps.has(file)) return;
    this.#dumps.add(file);
    const addresses = `${range.start.toString(16)}-${range.end.toString(16)}`;
    for (const way of [`map_files/${addresses}`, `root${path}`]) {
      const opened = openForeignIfAny(`/proc/${this.pid}/${way}`, { maxSize: MAX_JITDUMP_SIZE });
      if (!opened) continue;
      if (String(opened.status.inode) === range.inode) {
        this.#sources.unshift({ reader: new JitDump(opened), module: name });
        return;
      }
      opened.close();
    }
  }

  /** Opens a perf-map file that is there now, and reads what was added to all files. */
  look(): void {
    const now = performance.now();
    if (now - this.#looked < LOOK_MS) return;
    if (this.#isRead) return;
    this.#isRead = this.#hasEnded;
    this.#looked = now;
    if (!this.#hasEnded) this.openPerfMap();
    for (const { reader } of this.#sources) {
      // One file that cannot be read any more costs its own names only.
      try {
        reader.look();
      } catch (error) {
        if (!(error instanceof ErrnoError || error instanceof RangeError)) throw error;
      }
    }
  }

  /** Opens the perf-map file that is there now, if it is not open. */
  openPerfMap(): void {
    this.#identity ??= identify(this.pid, this.#since);
    // Of a process that is gone unseen only root's file is believed, and what is ours.
    const { pid, owners, began } = this.#identity ??
      { pid: this.pid, owners: ownersFor(this.pid), began: wallTime(this.#since) };
    const name = `perf-${pid}.map`;
    const paths = [`/proc/${this.pid}/root/tmp/${name}`];
    // The file outlives the process, in the namespace that is ours as well.
    if (pid === this.pid) paths.push(`/tmp/${name}`);
    for (const path of paths) {
      const file = openForeignIfAny(path, { owners, noLinks: true, maxSize: MAX_PERF_MAP_SIZE });
      if (!file) continue;
      const { device, inode, changedAt } = file.status;
      const key = `${device} ${inode}`;
      if (key === this.#perfMap || changedAt < began - CLOCK_MS) {
        file.close();
      } else {
        // A new file in place of the old one tells of what was compiled since.
        this.#perfMap = key;
        this.#sources.unshift({ reader: new PerfMap(file), module: name });
      }
      return;
    }
  }

  /** Looks for no more files: the process has ended, and its number may be another's soon. */
  end(): void {
    this.#hasEnded = true;
    this.#looked = -Infinity; // what was written last is read at the next question
  }

  [Symbol.dispose](): void {
    for (const { reader } of this.#sources) reader[Symbol.dispose]();
    this.#sources = [];
  }
}

/** What /proc tells of a process; undefined of one that has ended. */
function identify(pid: number, since: number): Identity | undefined {
  const status = text(`/proc/${pid}/status`);
  const stat = text(`/proc/${pid}/stat`);
  if (status === undefined || stat === undefined) return undefined;
  const own = /^NSpid:.*\t(\d+)$/m.exec(status)?.[1];
  // Behind the name, which may have anything in it, field 22: proc_pid_stat(5).
  const ticks = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
  const uptime = Number(text("/proc/uptime")?.split(" ")[0]);
  const started = Date.now() - uptime * 1000 + ticks * (1000 / USER_HZ);
  return {
    pid: own === undefined ? pid : Number(own),
    owners: ownersFor(pid),
    began: since > 0 ? wallTime(since) : started,
  };
}

/** A time of `bpf_ktime_get_ns` in milliseconds since 1970. */
function wallTime(time: number): number {
  return Date.now() - (monotonicTime() - time) / NS_PER_MS;
}

function text(path: string): string | undefined {
  try {
    return readText(path);
  } catch (error) {
    if (error instanceof ErrnoError) return undefined;
    throw error;
  }
}
