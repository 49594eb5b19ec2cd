// Programs that end, with their status and age.
import { currentTask, kernel, ktime, print, tracepoint } from "ts-bcc";

export default kernel({}, {
  exit: tracepoint("sched/sched_process_exit", (e) => {
    const task = currentTask();
    if (task.pid !== task.tgid) return;
    const ms = (ktime() - task.start_time) / 1_000_000n;
    print(
      `${e.comm} status ${(task.exit_code >> 8) & 0xff} signal ${
        task.exit_code & 0x7f
      } after ${ms} ms`,
    );
  }),
});
