/**
 * The process and thread of an event (who.h in TypeScript).
 *
 * @module
 */

import { cgroupId, comm, functions, gid, type SharedFunctions, uid } from "../../../kernel.ts";
import type { Who } from "../../task/who.ts";
import { taskNumbers } from "./numbers.ts";

/** The functions of {@linkcode taskWho}. */
export interface TaskWho {
  /** The current thread. */
  who(): Who;
}

/** `who()`: the current thread, as the value of an event's field `who`. */
export const taskWho: SharedFunctions<TaskWho> = functions(
  { use: [taskNumbers] },
  ({ processNumber, threadNumber }) => ({
    who: () => ({
      cgroup: Number(cgroupId()),
      pid: processNumber(),
      tid: threadNumber(),
      uid: uid(),
      gid: gid(),
      comm: comm(),
    }),
  }),
);
