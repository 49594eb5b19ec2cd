/**
 * The output of `bpf_trace_printk`, bcc's quick way to debug a program.
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import {
  close,
  exists,
  makeFolder,
  O_NONBLOCK,
  open,
  removeFolder,
  writeText,
} from "../../ffi/libc/files.ts";
import { errno, libc } from "../../ffi/libc/libc.ts";
import { alloc } from "../../ffi/libc/memory.ts";
import { type Wait, whenReady } from "../../ffi/libc/epoll.ts";
import { BpfError, permissionReason } from "../base/errors.ts";
import { atExit, ownName, removeLeftovers } from "./owned_names.ts";
import { droppedEvents, parseTraceLine, type TraceLine } from "./trace_line.ts";
import { requireTracefs, tracefs } from "./tracefs.ts";

/** Options of a {@linkcode TracePipe}. */
export interface TracePipeOptions {
  /** Size of the buffer per CPU in KiB. Default 256. */
  readonly bufferSizeKb?: number;
}

const EVENT = "events/bpf_trace/bpf_trace_printk/enable";
const READ_SIZE = 65536;

/**
 * The lines that all programs on this machine write with `bpf_trace_printk`, from now on.
 *
 * It has a trace instance of its own, so that other readers and `trace_pipe` itself still see every
 * line. Before Linux 5.9, where bpf_trace_printk does not reach instances, it reads the common
 * pipe: each line then goes to only one of its readers.
 *
 * The instance is removed when this is closed, and when the process exits. A killed process leaves
 * it behind, and the next process that opens a trace pipe removes it.
 *
 * @example Print what is written
 * ```ts
 * import { TracePipe } from "../../mod.ts";
 *
 * export async function main() {
 *   using pipe = new TracePipe();
 *   for await (const { task, pid, message } of pipe) console.log(task, pid, message);
 * }
 * ```
 */
export class TracePipe implements Disposable {
  readonly #fd: number;
  readonly #release: () => void;
  readonly #forgetExit: () => void;
  readonly #buffer = alloc(READ_SIZE);
  readonly #decoder = new TextDecoder();
  /** Complete lines that were not consumed yet. */
  #lines: string[] = [];
  /** The beginning of an incomplete line. */
  #rest = "";
  #dropped = 0;
  #wait: Wait | undefined;
  #closed = false;

  /**
   * Opens it: lines written from now on are read.
   *
   * @throws {UnsupportedError} without tracefs
   * @throws {BpfError} when it may not be read
   */
  constructor(options: TracePipeOptions = {}) {
    const { bufferSizeKb = 256 } = options;
    requireTracefs("read the trace pipe");
    const root = tracefs()!;
    try {
      const instance = exists(`${root}/${EVENT}`) ? makeInstance(root, bufferSizeKb) : undefined;
      this.#release = () => instance && removeFolder(instance);
      try {
        this.#fd = open(`${instance ?? root}/trace_pipe`, O_NONBLOCK);
      } catch (error) {
        this.#release();
        throw error;
      }
    } catch (error) {
      throw error instanceof ErrnoError ? openError(error) : error;
    }
    this.#forgetExit = atExit(() => this.close());
  }

  /** How many lines were dropped so far because they were not read in time. */
  get dropped(): number {
    return this.#dropped;
  }

  /**
   * The next line as the kernel wrote it; undefined when there is none yet; never waits. @throws
   * {ErrnoError}
   */
  readLine(): string | undefined {
    while (this.#lines.length === 0) if (!this.#fill()) return undefined;
    return this.#lines.shift();
  }

  /**
   * The fields of the next line; undefined when there is none yet; never waits. @throws
   * {ErrnoError}
   */
  read(): TraceLine | undefined {
    for (;;) {
      const line = this.readLine();
      if (line === undefined) return undefined;
      const fields = parseTraceLine(line);
      if (fields) return fields;
    }
  }

  /** The lines as the kernel wrote them, until this is closed; leaving the loop closes it. */
  async *lines(): AsyncGenerator<string, void, void> {
    yield* this.#each(() => this.readLine());
  }

  /** The fields of each line, until this is closed; leaving the loop closes it. */
  async *[Symbol.asyncIterator](): AsyncGenerator<TraceLine, void, void> {
    yield* this.#each(() => this.read());
  }

  /** Ends iteration and removes the instance; idempotent. Lines not read are gone. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#forgetExit();
    this.#wait?.cancel();
    close(this.#fd);
    this.#release();
  }

  /** Closes it at the end of a `using` block. */
  [Symbol.dispose](): void {
    this.close();
  }

  async *#each<T>(next: () => T | undefined): AsyncGenerator<T, void, void> {
    try {
      while (!this.#closed) {
        const item = next();
        if (item !== undefined) {
          yield item;
          continue;
        }
        this.#wait = whenReady(this.#fd);
        await this.#wait.ready;
      }
    } finally {
      this.close();
    }
  }

  /** Reads what is available; false when there is nothing. */
  #fill(): boolean {
    if (this.#closed) return false;
    const count = Number(libc().read(this.#fd, this.#buffer, BigInt(READ_SIZE)));
    if (count < 0) {
      const code = errno();
      if (code === Errno.EAGAIN || code === Errno.EINTR) return false;
      throw new ErrnoError("read the trace pipe", code);
    }
    const text = this.#rest + this.#decoder.decode(this.#buffer.subarray(0, count), STREAM);
    const lines = text.split("\n");
    this.#rest = lines.pop()!;
    for (const line of lines) this.#dropped += droppedEvents(line);
    // The kernel ends each line itself, so a program's own "\n" makes an empty one.
    this.#lines = lines.filter((line) => line !== "");
    return count > 0;
  }
}

const STREAM = { stream: true } as const;

function openError(cause: ErrnoError): BpfError {
  const denied = cause.errno === Errno.EPERM || cause.errno === Errno.EACCES;
  const reason = denied ? permissionReason() : undefined;
  return new BpfError("open", "open the trace pipe", cause.errno, reason, { cause });
}

/** Creates a trace instance that receives bpf_trace_printk only; returns its folder. */
function makeInstance(root: string, bufferSizeKb: number): string {
  const instances = `${root}/instances`;
  removeLeftovers(folders(instances), (name) => removeFolder(`${instances}/${name}`));
  const path = `${instances}/${ownName()}`;
  makeFolder(path);
  try {
    writeText(`${path}/buffer_size_kb`, String(bufferSizeKb));
    // mono: the clock of bpf_ktime_get_ns.
    writeText(`${path}/trace_clock`, "mono");
    // Wake readers at the first line, not when half of the buffer is full (Linux 6.1).
    if (exists(`${path}/buffer_percent`)) writeText(`${path}/buffer_percent`, "0");
    writeText(`${path}/${EVENT}`, "1");
    return path;
  } catch (error) {
    removeFolder(path);
    throw error;
  }
}

function folders(path: string): string[] {
  try {
    return process.getBuiltinModule("node:fs").readdirSync(path);
  } catch {
    return []; // Deno may not read folders without permission: leftovers stay
  }
}
