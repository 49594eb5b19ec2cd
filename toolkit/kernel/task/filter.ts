/**
 * The filters that tools share (filter.h in TypeScript): by process, thread, user, command name,
 * cgroup, mount and pid namespace. `filterSettings()` sets them; unused ones are not compiled.
 *
 * @module
 */

import {
  cgroupArray,
  cgroupId,
  comm,
  currentTask,
  functions,
  hash,
  type SharedFunctions,
  uid,
} from "../../../kernel.ts";
import { u32, u64 } from "../../../mod.ts";
import { taskNumbers } from "./numbers.ts";

/** The functions of {@linkcode taskFilter}. */
export interface TaskFilter {
  /** Whether the current thread passes all filters. */
  isWanted(): boolean;
}

/** Whether the current thread is traced: `if (!isWanted()) return;` */
export const taskFilter: SharedFunctions<TaskFilter> = functions({
  use: [taskNumbers],
  constants: {
    own_pid: 0, // the tool itself, which is never traced
    target_pid: 0, // 0: any; a pid in the sense of user space (thread group id)
    target_tid: 0, // 0: any
    target_uid: 0xffffffff, // any
    target_comm: "", // a part of the name; empty: any
    target_comm_length: 0,
    by_cgroup: false,
    by_mntns: false,
    target_cgroup: 0n, // 0: any; id in the v2 hierarchy
    ANY_UID: 0xffffffff,
  },
  maps: {
    // Both are replaced by pinned maps that others fill (--cgroupmap and --mntnsmap, as in bcc).
    cgroups: hash(u64, u64, { entries: 1 }),
    mntns: hash(u64, u32, { entries: 1 }),
    // The cgroup of --cgroup; tasks in cgroups below it pass as well.
    cgroup_root: cgroupArray(),
  },
}, (outside) => ({
  isWanted() {
    const process = outside.processNumber();
    if (!outside.isSeen(process)) return false; // not visible in that namespace
    if (process === outside.own_pid) return false;
    if (outside.target_pid !== 0 && process !== outside.target_pid) return false;
    if (outside.target_tid !== 0 && outside.threadNumber() !== outside.target_tid) return false;
    if (outside.target_uid !== outside.ANY_UID && uid() !== outside.target_uid) return false;
    if (outside.target_comm_length !== 0 && !comm().includes(outside.target_comm)) return false;
    if (outside.by_cgroup && !outside.cgroups.has(cgroupId())) return false;
    if (outside.target_cgroup !== 0n && !outside.cgroup_root.hasCurrent(0)) return false;
    if (outside.by_mntns && !outside.mntns.has(currentTask().nsproxy.mnt_ns.ns.inum)) return false;
    return true;
  },
}));
