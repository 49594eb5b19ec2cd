/**
 * `-c CPU`, for tools that can trace one CPU.
 *
 * @module
 */

import { number, type Option } from "./options.ts";

const CPU_MAX = 8191; // the largest CONFIG_NR_CPUS is 8192

/** `--cpu`. */
export const cpuOption: Option<number | undefined> = number({
  short: "c",
  long: "cpu",
  meta: "CPU",
  help: "trace this CPU only",
  what: "the number of a CPU",
  min: 0,
  max: CPU_MAX,
});
