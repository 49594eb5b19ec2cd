/**
 * Closing many links without waiting for the kernel.
 *
 * Closing the last descriptor of a perf event waits until all CPUs have left its tracepoint or
 * probe: 20 ms on an idle machine, 200 ms on a busy one, and that for one event after the other. So
 * links are pinned in a bpf file system that only this process sees, and a kernel thread unmounts
 * it. In Linux 6.12 and 6.18 programs are then detached within milliseconds; in 6.1 it takes as
 * long as before, but nobody waits for it.
 *
 * @module
 */

import { pinAt } from "../../ffi/libc/bpf_objects.ts";
import { detachedMount } from "../../ffi/libc/detached_mount.ts";
import { close, O_RDONLY, open } from "../../ffi/libc/files.ts";
import { releaseLater } from "../../ffi/libc/release_later.ts";

/** State of closeLinks() while it runs. */
let together: Together | undefined;

interface Together {
  /**
   * Descriptor of the root of the bpf file system, mounted by the first call; undefined without
   * CAP_SYS_ADMIN.
   */
  readonly root: () => number | undefined;
  /** Descriptors that wait to be closed. */
  readonly waiting: number[];
  /** Number of pins, which are named 0, 1, 2 …. */
  names: number;
}

/** Closes descriptors that keep programs attached. */
export function closeDescriptors(fds: readonly number[]): void {
  for (const fd of fds) {
    if (together === undefined || isNamed(fd, together)) close(fd);
    else together.waiting.push(fd);
  }
}

/** Pins a link; false if that failed. Perf events cannot be pinned. */
function isNamed(fd: number, into: Together): boolean {
  const root = into.root();
  return root !== undefined && pinAt(fd, `/proc/self/fd/${root}/${into.names++}`) === 0;
}

/**
 * Closes links, or objects with their links, and does not wait until the kernel has detached them.
 * Without a bpf file system and io_uring they are closed one by one, waiting for each.
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

/**
 * The root of a new bpf file system, opened as a folder: what fsmount(2) returns cannot be
 * registered with io_uring.
 */
function openFolder(): number | undefined {
  const root = detachedMount("bpf");
  if (root === undefined) return undefined;
  try {
    return open(`/proc/self/fd/${root}`, O_RDONLY);
  } finally {
    close(root);
  }
}
