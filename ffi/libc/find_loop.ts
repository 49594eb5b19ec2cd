/**
 * The descriptor of the runtime's event loop, for a thread that blocks instead of it.
 *
 * @module
 */

import { alloc } from "./memory.ts";
import { linkOf } from "./files.ts";
import { libc } from "./libc.ts";

/** A signal that does nothing unless somebody handles it. */
const HARMLESS = "SIGURG";
/** A runtime opens its event loop among the first. */
const MAX_LOOP_FD = 64;
const POLLIN = 1;

/** The epoll instance that is ready when the event loop has something to do; undefined when none is seen to be. */
export function findLoop(): number | undefined {
  const instances = Array.from({ length: MAX_LOOP_FD }, (_, fd) => fd)
    .filter((fd) => linkOf(fd) === "anon_inode:[eventpoll]" && !isReadable(fd));
  if (instances.length === 0) return undefined;
  // A signal that JavaScript handles is the wake that must never be missed, so it is tried with one.
  const ignore = () => {};
  process.on(HARMLESS, ignore);
  process.kill(process.pid, HARMLESS);
  const loop = instances.find(isReadable);
  process.off(HARMLESS, ignore);
  return loop;
}

function isReadable(fd: number): boolean {
  // struct pollfd of poll(2): i32 fd, i16 events, i16 revents.
  const poll = alloc(8);
  const view = new DataView(poll.buffer);
  view.setInt32(0, fd, true);
  view.setInt16(4, POLLIN, true);
  return libc().poll(poll, 1n, 0) === 1;
}
