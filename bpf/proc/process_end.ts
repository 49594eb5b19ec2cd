/**
 * Waiting for the end of processes and threads.
 *
 * @module
 */

import { Errno } from "../../ffi/libc/errno.ts";
import { READABLE, type Wait, whenReady } from "../../ffi/libc/epoll.ts";
import { ErrnoError } from "../../ffi/libc/errno_error.ts";
import { close, readText } from "../../ffi/libc/files.ts";
import { openPidfd } from "../../ffi/libc/pidfd.ts";

/** Options for {@linkcode ProcessEnd}. */
export interface ProcessEndOptions {
  /** The id is a thread's. Before Linux 6.9 a thread's end is reported when its process ends. */
  readonly thread?: boolean;
}

/**
 * Reports when a process or thread ends, even if nobody has waited for it. A later process with the
 * same id is not mistaken for it.
 *
 * @example
 * ```ts
 * import { ProcessEnd } from "./process_end.ts";
 *
 * export async function afterEndOf(pid: number): Promise<void> {
 *   using end = new ProcessEnd(pid);
 *   await end.ended;
 * }
 * ```
 */
export class ProcessEnd implements Disposable {
  /** Resolves to true when it ends, to false when this is closed before. */
  readonly ended: Promise<boolean>;
  readonly #wait: Wait;
  #fd: number | undefined;

  /**
   * @throws {ErrnoError} with code `ESRCH` when there is no such process or thread; `ENOSYS` or
   * `EPERM` in a sandbox without pidfds
   */
  constructor(id: number, { thread = false }: ProcessEndOptions = {}) {
    this.#fd = thread ? openThread(id) : openPidfd(id);
    try {
      this.#wait = whenReady(this.#fd, READABLE);
    } catch (error) {
      this.close();
      throw error;
    }
    this.ended = this.#wait.ready;
  }

  /** Stops waiting. */
  close(): void {
    this.#wait?.cancel();
    if (this.#fd !== undefined) close(this.#fd);
    this.#fd = undefined;
  }

  [Symbol.dispose](): void {
    this.close();
  }
}

function openThread(id: number): number {
  try {
    return openPidfd(id, { thread: true });
  } catch (error) {
    // The kernel does not know PIDFD_THREAD (before Linux 6.9): use a pidfd of the process.
    if (!(error instanceof ErrnoError) || error.errno !== Errno.EINVAL) throw error;
    const [, process] = /^Tgid:\t(\d+)$/m.exec(readText(`/proc/${id}/status`)) ?? [];
    return openPidfd(Number(process));
  }
}
