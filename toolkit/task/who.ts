/**
 * The common head of all events: cgroup, process, thread, user, group and command (who.h).
 *
 * @module
 */

import { cgroupPath, chars, containerOf, struct, type StructCodec, u32, u64 } from "../../mod.ts";
import type { Column } from "../output/columns.ts";

/** struct who of who.h. */
export const Who: StructCodec<Who> = struct("who", {
  cgroup: u64.asNumber,
  pid: u32,
  tid: u32,
  uid: u32,
  gid: u32,
  comm: chars(16),
});
/** The task of an event. */
export interface Who {
  /** The cgroup (v2), by its id: see `cgroupPath`. */
  cgroup: number;
  /** The process. */
  pid: number;
  /** The thread. */
  tid: number;
  /** Its user. */
  uid: number;
  /** Its group. */
  gid: number;
  /** The name of the thread. */
  comm: string;
}

/** The `COMM` column; in the table truncated to its width. */
export function commColumn<E extends { readonly who: Who }>(width: number): Column<E> {
  return {
    head: "COMM",
    width,
    value: ({ who }) => who.comm,
    text: ({ who }) => who.comm.slice(0, width),
  };
}

/** The `--container` column. @param cgroupOf the id of a row's cgroup (v2) */
export function containerColumn<E>(cgroupOf: (row: E) => number): Column<E> {
  const known = new Map<number, string | undefined>();
  const find = (row: E) => {
    const cgroup = cgroupOf(row);
    // Cached: a container that has gone is named as found while it existed.
    if (!known.has(cgroup)) known.set(cgroup, containerOf(cgroupPath(cgroup) ?? ""));
    return known.get(cgroup);
  };
  return {
    head: "CONTAINER",
    width: 12,
    value: (row) => find(row) ?? null,
    text: (row) => find(row) ?? "-",
  };
}
