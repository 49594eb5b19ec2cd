/**
 * A machine that lacks nothing that tools trace by.
 *
 * What a tool's records are made of is told everywhere (`--json-schema`), also where it cannot run.
 *
 * @module
 */

import type { Answer } from "../../mod.ts";
import type { Machine } from "./machine.ts";

/** What drivers of CPUs tell. */
const DRIVERS = "/sys/devices/system/cpu/";

const yes = (): Answer => ({ answer: "yes" });

/** The machine with every hook, type, file system and driver; all else as it is there. */
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
