/**
 * The common head of all events: cgroup, process, thread, user, group and command (who.h).
 *
 * @module
 */

import { chars, struct, type StructCodec, u32, u64 } from "../../mod.ts";
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
