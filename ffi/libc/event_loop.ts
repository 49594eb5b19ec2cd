/**
 * The descriptor that shows whether the runtime's event loop has something to do.
 *
 * @module
 */

import { alloc } from "./memory.ts";
import { linkOf } from "./files.ts";
import { libc } from "./libc.ts";
import { runtime } from "../runtime/runtime.ts";
import { nextTurn } from "./timers.ts";

/** A signal that does nothing unless somebody handles it. */
const HARMLESS = "SIGURG";
/** A runtime opens its event loop among the first. */
const MAX_LOOP_FD = 64;
/**
 * Turns of the loop within which its descriptor must be seen idle: while the loop has work, a
 * signal changes nothing there.
 */
const TURNS_TO_LOOK = 10;
const POLLIN = 1;

/**
 * The epoll instance that the event loop sleeps in, or undefined if there is any doubt. Call it
 * before this process makes an epoll instance of its own: with two, it is undefined.
 */
export async function findLoop(): Promise<number | undefined> {
  if (!runtime.hasWatchableLoop) return undefined;
  const [loop, another] = Array.from({ length: MAX_LOOP_FD }, (_, fd) => fd)
    .filter((fd) => linkOf(fd) === "anon_inode:[eventpoll]");
  if (loop === undefined || another !== undefined) return undefined;
  for (let turn = 0; turn < TURNS_TO_LOOK; turn++) {
    if (!isReadable(loop)) return isWokenBySignals(loop) ? loop : undefined;
    await new Promise<void>(nextTurn);
  }
  return undefined;
}

/** Tried with the wake that must never be missed: a signal that JavaScript handles. */
function isWokenBySignals(fd: number): boolean {
  const ignore = () => {};
  process.on(HARMLESS, ignore);
  process.kill(process.pid, HARMLESS);
  const isWoken = isReadable(fd);
  process.off(HARMLESS, ignore);
  return isWoken;
}

function isReadable(fd: number): boolean {
  // struct pollfd of poll(2): i32 fd, i16 events, i16 revents.
  const poll = alloc(8);
  const view = new DataView(poll.buffer);
  view.setInt32(0, fd, true);
  view.setInt16(4, POLLIN, true);
  return libc().poll(poll, 1n, 0) === 1;
}
