/**
 * Symbols of JIT-compiled code, from the files that the process's compiler writes.
 *
 * Anybody who can write to /tmp can write such a file. One is trusted if it belongs to the
 * process's user or root, is named by the process's pid in its own pid namespace, and was written
 * since the process started.
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

/** Milliseconds between two reads of a file: symbols added meanwhile appear a little later. */
const LOOK_MS = 50;
/** Tolerance in milliseconds: file times come from a coarser clock than process start times. */
const CLOCK_MS = 50;
/** USER_HZ, the unit of times in /proc/PID/stat: 100 on all architectures. */
const USER_HZ = 100;
const NS_PER_MS = 1e6;
/** The largest jitdump file that is read: it contains all code ever compiled. */
const MAX_JITDUMP_SIZE = 2 ** 33;

/** Facts about a process, read while it runs. */
interface Identity {
  /** Its pid in its own pid namespace. */
  readonly pid: number;
  readonly owners: ReadonlySet<number>;
  /** Its start time in milliseconds since 1970. */
  readonly began: number;
}

/** A symbol file, and the module name of its symbols. */
interface Source {
  readonly reader: PerfMap | JitDump;
  readonly module: string;
}

/** The functions that a process has JIT-compiled since its last exec. */
export class JitSymbols implements Disposable {
  readonly pid: number;
  /** The symbols inherited from the process that it was forked from. */
  readonly #parent: JitSymbols | undefined;
  readonly #since: number;
  #identity: Identity | undefined;
  #sources: Source[] = [];
  readonly #dumps = new Set<string>();
  #perfMap: string | undefined;
  #looked = -Infinity;
  #hasEnded = false;
  /**
   * Whether the files are complete: nobody writes to them any more, and they have been read since.
   */
  #isRead = false;

  /**
   * Opens nothing yet.
   *
   * @param since the time of its exec, on the clock of `bpf_ktime_get_ns`; 0 for one found running
   */
  constructor(pid: number, since: number, parent?: JitSymbols) {
    this.pid = pid;
    this.#since = since;
    this.#parent = parent;
  }

  /** Whether to stop looking for files: one was found, or the process has ended. */
  get isSettled(): boolean {
    return this.#hasEnded || this.#sources.length > 0;
  }

  /**
   * The function compiled at an address; in a fork, by the process or its parent before the fork.
   */
  at(address: bigint, time?: number): ResolvedSymbol | undefined {
    this.look();
    const where = Number(address);
    for (const { reader, module } of this.#sources) {
      const found: CompiledFunction | undefined = reader.at(where, time);
      if (found) return { name: found.name, offset: where - found.start, module };
    }
    return this.#parent?.at(address, time);
  }

  /** Opens a mapped jitdump file: compilers map a page of it so that tracers notice it. */
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

  /** Opens a perf-map file that exists by now, and reads what was added to all files. */
  look(): void {
    const now = performance.now();
    if (now - this.#looked < LOOK_MS) return;
    if (this.#isRead) return;
    this.#isRead = this.#hasEnded;
    this.#looked = now;
    if (!this.#hasEnded) this.openPerfMap();
    for (const { reader } of this.#sources) {
      // A file that can no longer be read costs its own symbols only.
      try {
        reader.look();
      } catch (error) {
        if (!(error instanceof ErrnoError || error instanceof RangeError)) throw error;
      }
    }
  }

  /** Opens the perf-map file that exists now, unless it is open already. */
  openPerfMap(): void {
    this.#identity ??= identify(this.pid, this.#since);
    // If the process ended unnoticed, only files of root and of our own user are trusted.
    const { pid, owners, began } = this.#identity ??
      { pid: this.pid, owners: ownersFor(this.pid), began: wallTime(this.#since) };
    const name = `perf-${pid}.map`;
    const paths = [`/proc/${this.pid}/root/tmp/${name}`];
    // After the process has ended, the file remains if the process shared our mount namespace.
    if (pid === this.pid) paths.push(`/tmp/${name}`);
    for (const path of paths) {
      const file = openForeignIfAny(path, { owners, noLinks: true, maxSize: MAX_PERF_MAP_SIZE });
      if (!file) continue;
      const { device, inode, changedAt } = file.status;
      const key = `${device} ${inode}`;
      if (key === this.#perfMap || changedAt < began - CLOCK_MS) {
        file.close();
      } else {
        // A file that replaced the old one has the symbols compiled since.
        this.#perfMap = key;
        this.#sources.unshift({ reader: new PerfMap(file), module: name });
      }
      return;
    }
  }

  /** Stops looking for files: the process has ended, and its pid may soon be another process's. */
  end(): void {
    this.#hasEnded = true;
    this.#looked = -Infinity; // read the last additions at the next question
  }

  [Symbol.dispose](): void {
    for (const { reader } of this.#sources) reader[Symbol.dispose]();
    this.#sources = [];
  }
}

/** What /proc says about a process; undefined after it has ended. */
function identify(pid: number, since: number): Identity | undefined {
  const status = text(`/proc/${pid}/status`);
  const stat = text(`/proc/${pid}/stat`);
  if (status === undefined || stat === undefined) return undefined;
  const own = /^NSpid:.*\t(\d+)$/m.exec(status)?.[1];
  // Field 22, counted from behind the command name, which may contain anything: proc_pid_stat(5).
  const ticks = Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[19]);
  const uptime = Number(text("/proc/uptime")?.split(" ")[0]);
  const started = Date.now() - uptime * 1000 + ticks * (1000 / USER_HZ);
  return {
    pid: own === undefined ? pid : Number(own),
    owners: ownersFor(pid),
    began: since > 0 ? wallTime(since) : started,
  };
}

/** Converts a time of `bpf_ktime_get_ns` to milliseconds since 1970. */
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
