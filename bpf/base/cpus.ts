/**
 * The machine's online and possible CPUs.
 *
 * @module
 */

import { readText } from "../../ffi/libc/files.ts";

/** Parses a CPU list as sysfs has it: "0-3,7". */
export function onlineCpus(): number[] {
  return readText("/sys/devices/system/cpu/online").trim().split(",").flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number);
    return Array.from({ length: last! - first! + 1 }, (_, i) => first! + i);
  });
}
