/**
 * The machine's online CPUs.
 *
 * @module
 */

import { readText } from "../../ffi/libc/files.ts";

/** The numbers of the online CPUs; sysfs has them as a list: "0-3,7". */
export function onlineCpus(): number[] {
  return readText("/sys/devices/system/cpu/online").trim().split(",").flatMap((range) => {
    const [first, last = first] = range.split("-").map(Number);
    return Array.from({ length: last! - first! + 1 }, (_, i) => first! + i);
  });
}
