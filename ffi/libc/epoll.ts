/**
 * Waiting for file descriptors without blocking the event loop, for the whole process.
 *
 * One epoll instance serves every waiter. A descriptor is watched only while somebody waits for it,
 * so a program that stops waiting ends naturally.
 *
 * @module
 */

import { alloc } from "./memory.ts";
import { ErrnoError } from "./errno_error.ts";
import { close, duplicate } from "./files.ts";
import { errno, libc } from "./libc.ts";
import { type EpollWaiter, runtime } from "../runtime/runtime.ts";

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EFD_CLOEXEC = 0o2000000;
const MAX_EVENTS = 32;
/** The token of the eventfd that wakes the waiting thread. */
const WAKE = 0;

/** Something to read. */
export const READABLE = 0x1;
/** Room to write. */
export const WRITABLE = 0x4;
/** Only errors and hang-ups: a pipe whose reader went away. */
export const HANGUP = 0x0;

/** struct epoll_event is packed on x86-64 only (include/uapi/linux/eventpoll.h): u32 events, u64 data. */
export const EVENT_LAYOUT = { x64: [12, 4], arm64: [16, 8] } as const;
const [EVENT_SIZE, DATA_OFFSET] = EVENT_LAYOUT[process.arch === "x64" ? "x64" : "arm64"];

/** A pending wait; `cancel` settles its promise with false. */
export interface Wait {
  /** True once the descriptor is ready, false when cancelled. */
  readonly ready: Promise<boolean>;
  /** Ends the wait: the promise is resolved with nothing. */
  cancel(): void;
}

/** A wait that is not settled: for which descriptor, and through which. */
interface Pending {
  readonly fd: number;
  readonly watched: number;
  settle(ready: boolean): void;
}

class Poller {
  readonly #epollFd: number;
  readonly #wakeFd: number;
  readonly #waiter: EpollWaiter;
  /** Pending waits by token, which epoll hands back: descriptor numbers are used again. */
  readonly #waits = new Map<number, Pending>();
  readonly #event = alloc(EVENT_SIZE);
  readonly #events = alloc(EVENT_SIZE * MAX_EVENTS);
  #token = WAKE;
  #running = false;

  constructor() {
    this.#epollFd = libc().epoll_create1(EPOLL_CLOEXEC);
    if (this.#epollFd < 0) throw new ErrnoError("create an epoll instance", errno());
    this.#wakeFd = libc().eventfd(0, EFD_CLOEXEC);
    if (this.#wakeFd < 0) {
      const failure = new ErrnoError("create an eventfd", errno());
      close(this.#epollFd);
      throw failure;
    }
    add(this.#epollFd, this.#wakeFd, READABLE, WAKE);
    this.#waiter = runtime.waiter(this.#epollFd);
  }

  /** Waits once for `fd`. @throws {ErrnoError} */
  wait(fd: number, events: number): Wait {
    const token = this.#token = this.#token + 1 | 0;
    // epoll takes a descriptor once: whoever comes second waits for a copy.
    const isTaken = this.#waits.values().some((wait) => wait.fd === fd);
    const watched = isTaken ? duplicate(fd) : fd;
    try {
      add(this.#epollFd, watched, events, token);
    } catch (error) {
      if (isTaken) close(watched);
      throw error;
    }
    const { promise: ready, resolve: settle } = Promise.withResolvers<boolean>();
    this.#waits.set(token, { fd, watched, settle });
    if (!this.#running) this.#run();
    return { ready, cancel: () => this.#cancel(token) };
  }

  #finish(token: number, ready: boolean): void {
    const wait = this.#waits.get(token);
    if (!wait) return;
    this.#waits.delete(token);
    libc().epoll_ctl(this.#epollFd, EPOLL_CTL_DEL, wait.watched, this.#event);
    if (wait.watched !== wait.fd) close(wait.watched);
    wait.settle(ready);
  }

  #cancel(token: number): void {
    this.#finish(token, false);
    if (this.#waits.size > 0 || !this.#running) return;
    // Nobody is left to wait for: the waiting thread has to come back for the loop to end.
    const one = alloc(8);
    one[0] = 1;
    libc().write(this.#wakeFd, one, 8n);
  }

  async #run(): Promise<void> {
    this.#running = true;
    this.#waiter.keepAlive(true);
    while (this.#waits.size > 0) {
      const first = await this.#waiter.wait();
      // Perf events are ready only once per wake-up: what the thread saw is not seen again.
      if (first) this.#take(new DataView(first.buffer, first.byteOffset), 0);
      this.#collect();
    }
    this.#waiter.keepAlive(false);
    this.#running = false;
  }

  #collect(): void {
    const count = libc().epoll_wait(this.#epollFd, this.#events, MAX_EVENTS, 0);
    const view = new DataView(this.#events.buffer);
    for (let i = 0; i < count; i++) this.#take(view, i * EVENT_SIZE);
  }

  #take(events: DataView, at: number): void {
    const token = events.getInt32(at + DATA_OFFSET, true);
    if (token !== WAKE) return this.#finish(token, true);
    libc().read(this.#wakeFd, alloc(8), 8n);
  }
}

function add(epollFd: number, fd: number, events: number, token: number): void {
  const event = alloc(EVENT_SIZE);
  const view = new DataView(event.buffer);
  view.setUint32(0, events, true);
  view.setInt32(DATA_OFFSET, token, true);
  if (libc().epoll_ctl(epollFd, EPOLL_CTL_ADD, fd, event) < 0) {
    throw new ErrnoError(`wait for file descriptor ${fd}`, errno());
  }
}

/** A descriptor that is readable when one of these is; the caller closes it. @throws {ErrnoError} */
export function groupOf(fds: readonly number[]): number {
  const group = libc().epoll_create1(EPOLL_CLOEXEC);
  if (group < 0) throw new ErrnoError("create an epoll instance", errno());
  try {
    for (const fd of fds) add(group, fd, READABLE, 0);
    return group;
  } catch (error) {
    close(group);
    throw error;
  }
}

let poller: Poller | undefined;

/**
 * Makes what waits now, not with the first wait: under Bun that is a thread, which takes some
 * milliseconds to begin. They pass beside what the caller does meanwhile.
 *
 * @throws {ErrnoError}
 */
export function prepareToWait(): void {
  poller ??= new Poller();
}

/**
 * Waits until `fd` is ready, once. Cancel the wait before closing the descriptor.
 *
 * @throws {ErrnoError} EPERM for a regular file
 */
export function whenReady(fd: number, events: number = READABLE): Wait {
  prepareToWait();
  return poller!.wait(fd, events);
}
