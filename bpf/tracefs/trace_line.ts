/**
 * Parses lines of the kernel's trace.
 *
 * Format: Documentation/trace/ftrace.rst, "The trace file".
 *
 * @module
 */

/** A line written by `bpf_trace_printk`. */
export interface TraceLine {
  /**
   * The thread's command name; "<...>" when the kernel no longer knows it, "<idle>" for the idle
   * task.
   */
  readonly task: string;
  /** The thread's id. */
  readonly pid: number;
  /** The CPU it was written on. */
  readonly cpu: number;
  /** The CPU's state, one character each: interrupts off, reschedule needed, context … */
  readonly flags: string;
  /** Time in seconds; in a {@linkcode TracePipe} of the monotonic clock. */
  readonly timestamp: number;
  /** What the program wrote. */
  readonly message: string;
}

// "         name-123     [001] d..31  1234.567890: bpf_trace_printk: text"; names may hold anything,
// and with the option record-tgid "(  122)" stands before the CPU. Until Linux 5.8 the word before
// the text was an address: "0: text" or "0x00000001: text".
const LINE = /^ *(\S.*)-(\d+) +(?:\([- \d]+\) +)?\[(\d+)\] +(\S+) +(\d+\.\d+): \w+: ?(.*)$/s;

/** Parses a line; undefined for others, such as "CPU:0 [LOST 7 EVENTS]". */
export function parseTraceLine(line: string): TraceLine | undefined {
  const [, task, pid, cpu, flags, timestamp, message] = LINE.exec(line) ?? [];
  if (message === undefined) return undefined;
  return {
    task: task!,
    pid: Number(pid),
    cpu: Number(cpu),
    flags: flags!,
    timestamp: Number(timestamp),
    message,
  };
}

/** How many events the kernel dropped, according to a "LOST" line; 0 for other lines. */
export function droppedEvents(line: string): number {
  return Number(/^CPU:\d+ \[LOST (\d+) EVENTS\]/.exec(line)?.[1] ?? 0);
}
