/**
 * Closing many links without waiting for the kernel.
 *
 * Who closes the last descriptor of a perf event waits until all CPUs have left its tracepoint or probe:
 * 20 ms on an idle machine, 200 on a busy one, and one event after the other. What only a name in a bpf file
 * system holds is released by a thread of the kernel's instead, when the name goes: the program is detached
 * within milliseconds, and nobody waits for the rest.
 *
 * @module
 */

import { pinAt } from "../../ffi/libc/bpf_objects.ts";
import { detachedMount } from "../../ffi/libc/detached_mount.ts";
import { close } from "../../ffi/libc/files.ts";

/** A bpf file system that only this process sees, while links are closed together. */
let names: { readonly root: string; used: number } | undefined;

/** Closes descriptors of links; those of perf events without a link, which have no names, at once. */
export function closeDescriptors(fds: readonly number[]): void {
  for (const fd of fds) {
    if (names) pinAt(fd, `${names.root}/${names.used++}`);
    close(fd);
  }
}

/**
 * Closes links, or objects with their links: the kernel detaches them when it has the time, which may be some
 * milliseconds later. It is as if each was closed by itself where the kernel leaves nothing to its threads (6.1 does not,
 * 6.12 does), without CAP_SYS_ADMIN, and before Linux 5.15 for perf events, which have no links there.
 */
export function closeLinks(links: readonly { close(): void }[]): void {
  const root = links.length > 0 ? detachedMount("bpf") : undefined;
  if (root !== undefined) names = { root: `/proc/self/fd/${root}`, used: 0 };
  try {
    for (const link of links) link.close();
  } finally {
    names = undefined;
    if (root !== undefined) close(root);
  }
}
