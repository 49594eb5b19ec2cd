/**
 * Waiting for file descriptors, for the whole process.
 *
 * One epoll instance serves every waiter. A descriptor is watched only while somebody waits for it,
 * so a program that stops waiting ends naturally. Each wait arms it once: it need not be taken out of the
 * instance between an event and its reader. Another thread waits, so that the event loop goes on;
 * a process that does nothing but wait can do without ({@linkcode waitOnThisThread}).
 *
 * @module
 */

import { alloc } from "./memory.ts";
import { ErrnoError } from "./errno_error.ts";
import { findLoop } from "./event_loop.ts";
import { close, duplicate } from "./files.ts";
import { errno, libc } from "./libc.ts";
import { nextTurn, untilNextTimer, watchTimers } from "./timers.ts";
import { type EpollWaiter, runtime } from "../runtime/runtime.ts";

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EPOLL_CTL_MOD = 3;
/** The descriptor is disabled once it was reported, until it is armed again. */
const EPOLLONESHOT = 1 << 30;
const EFD_CLOEXEC = 0o2000000;
const MAX_EVENTS = 32;
const MAX_TOKEN = 2 ** 31 - 1;
/** The token of the eventfd that wakes the waiting thread. */
const WAKE = 0;
/** The token of the event loop's own descriptor. */
const LOOP = -1;

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

/** A pending wait: the descriptor, and the one that is watched for it, which may be a duplicate. */
interface Pending {
  readonly fd: number;
  readonly watched: number;
  settle(ready: boolean): void;
}

class Poller {
  readonly #epollFd: number;
  readonly #wakeFd: number;
  /** The waiter on another thread; undefined if this thread waits. */
  readonly #waiter: EpollWaiter | undefined;
  /** Pending waits by token, which epoll hands back: descriptor numbers are used again. */
  readonly #waits = new Map<number, Pending>();
  /** Descriptors that are probably in the epoll instance, disabled: closing one takes it out unseen. */
  readonly #disabled = new Set<number>();
  readonly #event = alloc(EVENT_SIZE);
  readonly #events = alloc(EVENT_SIZE * MAX_EVENTS);
  readonly #eventView = new DataView(this.#events.buffer);
  #token = WAKE;
  #running = false;
  readonly #turn = () => this.#waitHere();

  /** @param loop the event loop's descriptor, if this thread may wait instead of the loop */
  constructor(loop: number | undefined) {
    this.#epollFd = libc().epoll_create1(EPOLL_CLOEXEC);
    if (this.#epollFd < 0) throw new ErrnoError("create an epoll instance", errno());
    this.#wakeFd = libc().eventfd(0, EFD_CLOEXEC);
    if (this.#wakeFd < 0) {
      const failure = new ErrnoError("create an eventfd", errno());
      close(this.#epollFd);
      throw failure;
    }
    add(this.#epollFd, this.#wakeFd, READABLE, WAKE);
    if (loop === undefined || !this.#takesLoop(loop)) this.#waiter = runtime.waiter(this.#epollFd);
  }

  #takesLoop(loop: number): boolean {
    try {
      add(this.#epollFd, loop, READABLE, LOOP);
    } catch {
      return false; // another thread can wait in any case
    }
    watchTimers();
    return true;
  }

  /** Waits once for `fd`. @throws {ErrnoError} */
  wait(fd: number, events: number): Wait {
    const token = this.#token = this.#token % MAX_TOKEN + 1;
    // An epoll instance takes a descriptor only once: a second wait for it watches a duplicate.
    const isTaken = this.#waits.values().some((wait) => wait.fd === fd);
    const watched = isTaken ? duplicate(fd) : fd;
    try {
      this.#arm(watched, events, token);
    } catch (error) {
      if (isTaken) close(watched);
      throw error;
    }
    const { promise: ready, resolve: settle } = Promise.withResolvers<boolean>();
    this.#waits.set(token, { fd, watched, settle });
    if (!this.#running) this.#run();
    return { ready, cancel: () => this.#cancel(token) };
  }

  #arm(fd: number, events: number, token: number): void {
    const isKnown = this.#disabled.delete(fd);
    if (isKnown && control(this.#epollFd, EPOLL_CTL_MOD, fd, events | EPOLLONESHOT, token)) return;
    // Unknown, or another file has this number now.
    add(this.#epollFd, fd, events | EPOLLONESHOT, token);
  }

  #finish(token: number, ready: boolean): void {
    const wait = this.#waits.get(token);
    if (!wait) return;
    this.#waits.delete(token);
    const isDuplicate = wait.watched !== wait.fd;
    if (ready && !isDuplicate) this.#disabled.add(wait.fd);
    else libc().epoll_ctl(this.#epollFd, EPOLL_CTL_DEL, wait.watched, this.#event);
    if (isDuplicate) close(wait.watched);
    wait.settle(ready);
  }

  #cancel(token: number): void {
    this.#finish(token, false);
    if (this.#waits.size > 0 || !this.#running || !this.#waiter) return;
    // No wait is pending: the waiting thread has to return, or the event loop cannot end.
    const one = alloc(8);
    one[0] = 1;
    libc().write(this.#wakeFd, one, 8n);
  }

  #run(): void {
    this.#running = true;
    if (this.#waiter) this.#waitElsewhere(this.#waiter);
    else nextTurn(this.#turn);
  }

  async #waitElsewhere(waiter: EpollWaiter): Promise<void> {
    waiter.keepAlive(true);
    while (this.#waits.size > 0) {
      const first = await waiter.wait();
      // A perf event is reported ready only once per wake-up: epoll does not return again what the
      // thread got.
      if (first) this.#take(new DataView(first.buffer, first.byteOffset), 0);
      this.#collect(0);
    }
    waiter.keepAlive(false);
    this.#running = false;
  }

  /** A turn of the event loop that blocks until a descriptor is ready, the loop has something to do or a timer is due. */
  #waitHere(): void {
    if (this.#waits.size === 0) {
      this.#running = false;
      return;
    }
    // Before the wait: what is done after it delays whoever waited.
    nextTurn(this.#turn);
    this.#collect(untilNextTimer());
  }

  #collect(timeout: number): void {
    const count = libc().epoll_wait(this.#epollFd, this.#events, MAX_EVENTS, timeout);
    for (let i = 0; i < count; i++) this.#take(this.#eventView, i * EVENT_SIZE);
  }

  #take(events: DataView, at: number): void {
    const token = events.getInt32(at + DATA_OFFSET, true);
    if (token === WAKE) libc().read(this.#wakeFd, alloc(8), 8n);
    else if (token !== LOOP) this.#finish(token, true);
  }
}

function add(epollFd: number, fd: number, events: number, token: number): void {
  if (control(epollFd, EPOLL_CTL_ADD, fd, events, token)) return;
  throw new ErrnoError(`wait for file descriptor ${fd}`, errno());
}

/** Whether epoll_ctl(2) did it. */
function control(
  epollFd: number,
  what: number,
  fd: number,
  events: number,
  token: number,
): boolean {
  const event = alloc(EVENT_SIZE);
  const view = new DataView(event.buffer);
  view.setUint32(0, events, true);
  view.setInt32(DATA_OFFSET, token, true);
  return libc().epoll_ctl(epollFd, what, fd, event) === 0;
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
 * Makes the waiter now rather than at the first wait. Under Bun it is a thread, which takes some
 * milliseconds to start, while the caller does other work.
 *
 * @throws {ErrnoError}
 */
export function prepareToWait(): void {
  poller ??= new Poller(undefined);
}

/**
 * From now on waits block this thread whenever its event loop has nothing to do, and no other thread is made.
 *
 * It is for processes that only wait: a pending wait holds up, for at most a second, what wakes the loop neither
 * by a descriptor nor by a timer that was set after this call. Call it before the first wait; where the loop
 * cannot be watched, as under Deno, another thread waits all the same. Under Bun a thread takes 1.3 MiB of memory
 * that nobody else can use, and a third of the time from an event to its row (bench/README.md).
 *
 * @throws {ErrnoError}
 */
export async function waitOnThisThread(): Promise<void> {
  if (poller) return;
  const loop = await findLoop();
  // A wait that began meanwhile has made a poller, which waits on another thread.
  poller ??= new Poller(loop);
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
