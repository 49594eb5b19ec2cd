/**
 * The numbers that processes and threads go by (task.h in TypeScript).
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

/** What {@linkcode taskNumbers} gives. */
export interface TaskNumbers {
  /** Whether a process of that number is seen where the numbers are from. */
  isSeen(process: number): boolean;
  /** The current process. */
  processNumber(): number;
  /** The current thread. */
  threadNumber(): number;
  /** The process of a task. */
  processNumberOf(task: StructOf<"struct task_struct">): number;
}

/** The numbers of processes and threads as `--pidns` has them. */
export const taskNumbers: SharedFunctions<TaskNumbers> = functions({
  /** The pid namespace whose numbers are shown and asked for, by inode; 0: the machine's own. */
  constants: { pidns: 0, PIDNS_LEVELS: 8 /* of the 32 that may be nested */ },
}, ({ pidns, PIDNS_LEVELS }) => {
  /** What namespace `pidns` calls a pid; 0 where it does not see it. */
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
