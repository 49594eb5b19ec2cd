/**
 * Lists what this process holds in the kernel, for tests that everything is released.
 *
 * @module
 */

import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** The BPF descriptors and ring buffer mappings this process holds, sorted. */
export function held(): string[] {
  const fds = readdirSync("/proc/self/fd").flatMap((fd) => {
    try {
      const target = readlinkSync(`/proc/self/fd/${fd}`);
      return /bpf|perf_event/.test(target) ? [target] : [];
    } catch {
      return []; // the descriptor of the folder being read
    }
  });
  const maps = readFileSync("/proc/self/maps", "utf8").split("\n");
  return [...fds, ...maps.filter((line) => /anon_inode:/.test(line))].sort();
}
