/**
 * Listing the processes.
 *
 * @module
 */

/** Their ids in this process's pid namespace; some may end meanwhile. */
export function allProcesses(): number[] {
  const names = process.getBuiltinModule("node:fs").readdirSync("/proc");
  return names.filter((name) => /^\d+$/.test(name)).map(Number);
}
