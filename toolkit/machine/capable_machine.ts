/**
 * A machine that has every hook that tools trace.
 *
 * `--json-schema` uses it: the schema of a tool's records is printed also where the tool cannot
 * run.
 *
 * @module
 */

import type { Answer } from "../../mod.ts";
import type { Machine } from "./machine.ts";

/** Files of CPU drivers, such as cpufreq, which some machines lack. */
const DRIVERS = "/sys/devices/system/cpu/";

const yes = (): Answer => ({ answer: "yes" });

/** The machine with every hook, type, file system and driver added, and otherwise unchanged. */
export function capable(machine: Machine): Machine {
  return {
    ...machine,
    hasHook: yes,
    structHasField: yes,
    enumHasValue: yes,
    canWalkStacks: yes,
    hasRawCookies: yes,
    hasFileSystem: () => true,
    exists: (path) => path.startsWith(DRIVERS) || machine.exists(path),
  };
}
