/**
 * Listing the processes.
 *
 * @module
 */

/** The ids of all processes, in this process's pid namespace; some may have ended meanwhile. */
export function allProcesses(): number[] {
  const names = process.getBuiltinModule("node:fs").readdirSync("/proc");
  return names.filter((name) => /^\d+$/.test(name)).map(Number);
}
