/**
 * The pod and the container of a row's process, by its cgroup.
 *
 * @module
 */

import { cgroupPath, containerOf, containerPath, ErrnoError, podOf, readText } from "../../mod.ts";
import type { Column } from "../output/columns.ts";

/** Which columns are asked for. */
export interface ShownContainers {
  /** `--container` */
  readonly container?: boolean | undefined;
  /** `--pod` */
  readonly pod?: boolean | undefined;
}

/** Where a row comes from. */
export interface Origin {
  /** The id of its cgroup (v2). */
  readonly cgroup: number;
  readonly pid: number;
}

/** Limit on the cgroups that are remembered, including removed ones. */
const MAX_KNOWN = 10_000;
/**
 * How long the cgroups of a process id are remembered: later the id may be another process's.
 */
const PATIENCE_MS = 1000;

/** The columns that are asked for. @param of the origin of a row */
export function containerColumns<E>(
  { container, pod }: ShownContainers,
  of: (row: E) => Origin,
): Column<E>[] {
  if (!container && !pod) return [];
  const paths = new Paths();
  const column = (head: string, width: number, find: (path: string) => string | undefined) => ({
    head,
    width,
    member: "text?" as const,
    value: (row: E) => find(paths.of(of(row))) ?? null,
    text: (row: E) => find(paths.of(of(row))) ?? "-",
  });
  return [
    ...pod ? [column("POD", 36, remembered(podOf))] : [],
    ...container ? [column("CONTAINER", 12, remembered(containerOf))] : [],
  ];
}

/** Paths of cgroups that name a pod or a container; empty for others. */
class Paths {
  readonly #byCgroup = new Map<number, string>();
  readonly #byPid = new Map<number, { readonly path: string; readonly until: number }>();
  #hasV1: boolean | undefined;

  of({ cgroup, pid }: Origin): string {
    let path = this.#byCgroup.get(cgroup);
    if (path === undefined) {
      const found = cgroupPath(cgroup);
      // The cgroup was removed, or finding it needs a capability that the tool lacks:
      // /proc/PID/cgroup may have its path.
      if (found === undefined) return this.#ofProcess(pid);
      path = containerPath(`0::${found}`) ?? "";
      // Kept: a container that has gone is named as found while it existed.
      keep(this.#byCgroup, cgroup, path);
    }
    return path === "" && this.#hasOthers() ? this.#ofProcess(pid) : path;
  }

  /**
   * Whether there are hierarchies of v1: containers may be in these only, and events have the v2
   * cgroup only.
   */
  #hasOthers(): boolean {
    return this.#hasV1 ??= /^[1-9]/m.test(cgroupsOf("self"));
  }

  #ofProcess(pid: number): string {
    const known = this.#byPid.get(pid);
    const now = performance.now();
    if (known && now < known.until) return known.path;
    const path = containerPath(cgroupsOf(pid)) ?? "";
    keep(this.#byPid, pid, { path, until: now + PATIENCE_MS });
    return path;
  }
}

function keep<K, V>(map: Map<K, V>, key: K, value: V): void {
  if (map.size >= MAX_KNOWN) map.clear();
  map.set(key, value);
}

function remembered(find: (path: string) => string | undefined) {
  const known = new Map<string, string | undefined>();
  return (path: string) => {
    if (!known.has(path)) keep(known, path, find(path));
    return known.get(path);
  };
}

function cgroupsOf(pid: number | "self"): string {
  try {
    return readText(`/proc/${pid}/cgroup`);
  } catch (error) {
    if (error instanceof ErrnoError) return "";
    throw error;
  }
}
