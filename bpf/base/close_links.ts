/**
 * Closing many links without waiting for the kernel.
 *
 * Who closes the last descriptor of a perf event waits until all CPUs have left its tracepoint or probe:
 * 20 ms on an idle machine, 200 on a busy one, and one event after the other. So links get names in a bpf file system
 * that only this process sees, and a thread of the kernel's takes that away: in Linux 6.12 and 6.18, not in 6.1, programs are detached
 * within milliseconds then, in 6.1 as fast as they would be otherwise; but nobody waits for it.
 *
 * @module
 */

import { pinAt } from "../../ffi/libc/bpf_objects.ts";
import { detachedMount } from "../../ffi/libc/detached_mount.ts";
import { close, O_RDONLY, open } from "../../ffi/libc/files.ts";
import { releaseLater } from "../../ffi/libc/release_later.ts";

/** What links are closed into, while they are closed together. */
let together: Together | undefined;

interface Together {
  /** The root of the bpf file system, once it is needed; undefined without CAP_SYS_ADMIN. */
  readonly root: () => number | undefined;
  /** Descriptors that wait to be closed. */
  readonly waiting: number[];
  /** How many names there are. */
  names: number;
}

/** Closes descriptors that keep programs attached. */
export function closeDescriptors(fds: readonly number[]): void {
  for (const fd of fds) {
    if (together === undefined || isNamed(fd, together)) close(fd);
    else together.waiting.push(fd);
  }
}

/** Gives a link a name; perf events can have none. */
function isNamed(fd: number, into: Together): boolean {
  const root = into.root();
  return root !== undefined && pinAt(fd, `/proc/self/fd/${root}/${into.names++}`) === 0;
}

/**
 * Closes links, or objects with their links; the kernel detaches them when it has the time. Without bpf file system
 * and io_uring it is as if each was closed by itself.
 */
export function closeLinks(links: readonly { close(): void }[]): void {
  const waiting: number[] = [];
  let root: number | undefined;
  const folder = () => {
    if (waiting.length > 0) return root;
    root = openFolder();
    if (root !== undefined) waiting.push(root);
    return root;
  };
  together = { root: folder, waiting, names: 0 };
  try {
    for (const link of links) link.close();
  } finally {
    together = undefined;
    releaseLater(waiting);
  }
}

/** The root of a bpf file system of our own, open as a folder: what fsmount(2) returns cannot be handed on. */
function openFolder(): number | undefined {
  const root = detachedMount("bpf");
  if (root === undefined) return undefined;
  try {
    return open(`/proc/self/fd/${root}`, O_RDONLY);
  } finally {
    close(root);
  }
}
