/**
 * The ids of processes and threads (task.h in TypeScript).
 *
 * @module
 */

import {
  cast,
  currentTask,
  functions,
  pid,
  type SharedFunctions,
  type StructOf,
  tid,
} from "../../../kernel.ts";

/** The functions of {@linkcode taskNumbers}. */
export interface TaskNumbers {
  /** Whether a process with that id is visible in the pid namespace. */
  isSeen(process: number): boolean;
  /** The current process. */
  processNumber(): number;
  /** The current thread. */
  threadNumber(): number;
  /** The process of a task. */
  processNumberOf(task: StructOf<"struct task_struct">): number;
}

/** Process and thread ids in the pid namespace of `--pidns`. */
export const taskNumbers: SharedFunctions<TaskNumbers> = functions({
  /** The pid namespace of the ids shown and filtered by, by inode; 0: the initial one. */
  constants: { pidns: 0, PIDNS_LEVELS: 8 /* of 32 possible levels */ },
}, ({ pidns, PIDNS_LEVELS }) => {
  /** The number of a pid in namespace `pidns`; 0 if it is not visible there. */
  const numberIn = (of: StructOf<"struct pid">) => {
    const level = of.level;
    for (let i = 0; i < PIDNS_LEVELS && i <= level; i++) {
      const number = cast(of.numbers, "struct upid", i);
      if (number.ns.ns.inum === pidns) return number.nr;
    }
    return 0;
  };
  return {
    isSeen: (process) => pidns === 0 || process !== 0,
    processNumber: () => pidns === 0 ? pid() : numberIn(currentTask().group_leader.thread_pid),
    threadNumber: () => pidns === 0 ? tid() : numberIn(currentTask().thread_pid),
    processNumberOf: (task) => pidns === 0 ? task.tgid : numberIn(task.group_leader.thread_pid),
  };
});
