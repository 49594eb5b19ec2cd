/** Runs tasks in guests: each worker has one guest at a time, in which it runs many tasks. */
import type { ForeignSystem } from "./foreign.ts";
import { Guest, type JobResult } from "./guest.ts";
import type { Kernel } from "./kernels.ts";
import { type CaseResult, type Printer, problemCase, toCases } from "./report.ts";
import { neededPaths, type Runtime, type Task, taskScript } from "./suite.ts";

/** Limits of a run. */
export interface ScheduleOptions {
  /** The largest number of guests at once. */
  jobs: number;
  /** CPUs of each guest. Default: 2. */
  cpus?: number;
  /** NUMA nodes of each guest. Default: 1. */
  nodes?: number;
  /** Time limit for booting a guest, in milliseconds. */
  bootLimitMs: number;
  /** Time limit for the test files of one command, in milliseconds. */
  fileLimitMs: number;
  /** What guests of another architecture have in place of the host's files. */
  system?: ForeignSystem | undefined;
  /** Ends the run when aborted. */
  signal: AbortSignal;
}

/** A kernel and the tasks that still have to run on it. */
interface Queue {
  kernel: Kernel;
  tasks: Task[];
  /** The number of workers that have a guest with this kernel. */
  workers: number;
  /** If set: why no more guests are started with this kernel. */
  problem?: string;
}

/** Runs every task on every kernel. A task that could not run counts as a failed case. */
export async function schedule(
  kernels: readonly Kernel[],
  tasks: readonly Task[],
  printer: Printer,
  options: ScheduleOptions,
): Promise<CaseResult[]> {
  const queues: Queue[] = kernels.map((kernel) => ({
    kernel,
    tasks: tasks.filter(({ kernels }) => kernels?.includes(kernel.name) ?? true),
    workers: 0,
  }));
  const results: CaseResult[] = [];
  const work = async (index: number) => {
    // Workers start on different kernels; later a worker takes the kernel with the most tasks left.
    let queue = queues[index] ?? fullest(queues);
    while (queue !== undefined) {
      await drain(queue, results, printer, options);
      queue = fullest(queues);
    }
  };
  const workers = Math.min(options.jobs, kernels.length * tasks.length);
  // Waits for all workers even if one fails, because each closes its own guest.
  const ended = await Promise.allSettled(Array.from({ length: workers }, (_, i) => work(i)));
  for (const end of ended) if (end.status === "rejected") throw end.reason;
  for (const { kernel, tasks, problem = "not run" } of queues) {
    results.push(...tasks.map((task) => problemCase({ ...task, kernel: kernel.name }, problem)));
  }
  return results;
}

function fullest(queues: readonly Queue[]): Queue | undefined {
  // For a single task no second guest is started: the first one is done before it has booted.
  return queues.filter(({ tasks, workers }) => tasks.length > (workers === 0 ? 0 : 1))
    .filter(({ problem }) => problem === undefined)
    .toSorted((a, b) => b.tasks.length - a.tasks.length)[0];
}

/** Runs the tasks of a queue until it is empty, in one guest as long as the guest is alive. */
async function drain(
  queue: Queue,
  results: CaseResult[],
  printer: Printer,
  options: ScheduleOptions,
): Promise<void> {
  const { kernel, tasks } = queue;
  let guest: Guest | undefined;
  queue.workers++;
  try {
    while (tasks.length > 0) {
      if (!guest?.isAlive) {
        await guest?.close();
        guest = await boot(kernel, tasks, printer, options).catch((error: Error) => {
          options.signal.throwIfAborted();
          printer.problem(`${kernel.name}: ${error.message}`);
          queue.problem = error.message;
          return undefined;
        });
      }
      // Another worker may have taken the last task while this one waited for its guest.
      const task = guest && tasks.shift();
      if (guest === undefined || task === undefined) return;
      results.push(...await runTask(guest, task, kernel, printer, options));
    }
  } finally {
    queue.workers--;
    await guest?.close();
  }
}

/** Boots a guest, with a second attempt if that fails: the machine may only have been too busy. */
async function boot(
  kernel: Kernel,
  tasks: readonly Task[],
  printer: Printer,
  options: ScheduleOptions,
): Promise<Guest> {
  const runtimes: Runtime[] = [...new Set(tasks.map((task) => task.runtime))];
  const paths = [kernel.directory, ...neededPaths(runtimes, options.system)];
  const start = performance.now();
  const attempt = () =>
    Guest.boot(kernel, { ...options, paths, ...options.system && { root: options.system.root } });
  const guest = await attempt().catch((error: Error) => {
    options.signal.throwIfAborted();
    printer.problem(`${kernel.name}: ${error.message}\nTrying once more`);
    return attempt();
  });
  const seconds = ((performance.now() - start) / 1000).toFixed(1);
  printer.note(`${kernel.name}: ${kernel.release} booted in ${seconds} s`);
  return guest;
}

async function runTask(
  guest: Guest,
  task: Task,
  kernel: Kernel,
  printer: Printer,
  options: ScheduleOptions,
): Promise<CaseResult[]> {
  const start = performance.now();
  const write = printer.output(`${kernel.name} ${task.runtime}`);
  const job: JobResult = await guest.run(
    taskScript(task, kernel, options.system),
    options.fileLimitMs,
    write,
  );
  write("\n");
  const seconds = (performance.now() - start) / 1000;
  const isDead = job.outcome === "crashed" || job.outcome === "hung";
  const console = isDead ? guest.consoleTail() : "";
  const cases = toCases({ ...task, kernel: kernel.name }, job, seconds, console);
  printer.files({ ...task, kernel: kernel.name }, cases, seconds);
  return cases;
}
