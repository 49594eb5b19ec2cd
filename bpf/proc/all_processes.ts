/**
 * Which processes there are.
 *
 * @module
 */

/** Their ids, as this process sees them; some may end meanwhile. */
export function allProcesses(): number[] {
  const names = process.getBuiltinModule("node:fs").readdirSync("/proc");
  return names.filter((name) => /^\d+$/.test(name)).map(Number);
}
