/**
 * Waiting for file descriptors without blocking the event loop, for the whole process.
 *
 * One epoll instance serves every waiter. A descriptor is watched only while somebody waits for it,
 * so a program that stops waiting ends naturally.
 *
 * @module
 */

import { alloc } from "./memory.ts";
import { close, errno, ErrnoError, libc } from "./libc.ts";
import { type EpollWaiter, runtime } from "./runtime.ts";

const EPOLL_CLOEXEC = 0o2000000;
const EPOLL_CTL_ADD = 1;
const EPOLL_CTL_DEL = 2;
const EFD_CLOEXEC = 0o2000000;
const MAX_EVENTS = 32;

/** Something to read. */
export const READABLE = 0x1;
/** Room to write. */
export const WRITABLE = 0x4;
/** Only errors and hang-ups: a pipe whose reader went away. */
export const HANGUP = 0x0;

// struct epoll_event is packed on x86-64 only (include/uapi/linux/eventpoll.h): u32 events, u64 data.
const [EVENT_SIZE, DATA_OFFSET] = process.arch === "x64" ? [12, 4] : [16, 8];

/** A pending wait; `cancel` settles its promise with false. */
export interface Wait {
  /** True once the descriptor is ready, false when cancelled. */
  readonly ready: Promise<boolean>;
  cancel(): void;
}

class Poller {
  readonly #epollFd: number;
  readonly #wakeFd: number;
  readonly #waiter: EpollWaiter;
  readonly #settle = new Map<number, (ready: boolean) => void>();
  readonly #event = alloc(EVENT_SIZE);
  readonly #events = alloc(EVENT_SIZE * MAX_EVENTS);
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
    this.#control(EPOLL_CTL_ADD, this.#wakeFd, READABLE);
    this.#waiter = runtime.waiter(this.#epollFd);
  }

  /** Waits once for `fd`; each descriptor has at most one waiter. @throws {ErrnoError} */
  wait(fd: number, events: number): Wait {
    this.#control(EPOLL_CTL_ADD, fd, events);
    const ready = new Promise<boolean>((settle) => this.#settle.set(fd, settle));
    if (!this.#running) this.#run();
    return { ready, cancel: () => this.#cancel(fd) };
  }

  #control(operation: number, fd: number, events: number): void {
    const view = new DataView(this.#event.buffer);
    view.setUint32(0, events, true);
    view.setInt32(DATA_OFFSET, fd, true);
    if (libc().epoll_ctl(this.#epollFd, operation, fd, this.#event) < 0) {
      throw new ErrnoError(`wait for file descriptor ${fd}`, errno());
    }
  }

  #finish(fd: number, ready: boolean): void {
    const settle = this.#settle.get(fd);
    if (!settle) return;
    this.#settle.delete(fd);
    libc().epoll_ctl(this.#epollFd, EPOLL_CTL_DEL, fd, this.#event);
    settle(ready);
  }

  #cancel(fd: number): void {
    this.#finish(fd, false);
    if (this.#settle.size > 0 || !this.#running) return;
    // Nobody is left to wait for: the waiting thread has to come back for the loop to end.
    const one = alloc(8);
    one[0] = 1;
    libc().write(this.#wakeFd, one, 8n);
  }

  async #run(): Promise<void> {
    this.#running = true;
    this.#waiter.keepAlive(true);
    while (this.#settle.size > 0) {
      await this.#waiter.wait();
      this.#collect();
    }
    this.#waiter.keepAlive(false);
    this.#running = false;
  }

  #collect(): void {
    const count = libc().epoll_wait(this.#epollFd, this.#events, MAX_EVENTS, 0);
    const view = new DataView(this.#events.buffer);
    for (let i = 0; i < count; i++) {
      const fd = view.getInt32(i * EVENT_SIZE + DATA_OFFSET, true);
      if (fd === this.#wakeFd) libc().read(fd, alloc(8), 8n);
      else this.#finish(fd, true);
    }
  }
}

let poller: Poller | undefined;

/**
 * Waits until `fd` is ready, once.
 *
 * @throws {ErrnoError} EPERM for a regular file, EEXIST when somebody waits for `fd` already.
 */
export function whenReady(fd: number, events: number = READABLE): Wait {
  poller ??= new Poller();
  return poller.wait(fd, events);
}
