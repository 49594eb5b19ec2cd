/**
 * Loads one program of funccount's kernel object; the programs count calls by BPF cookie.
 *
 * @module
 */

import { Bpf } from "../../mod.ts";
import object from "../../tools/funccount/funccount.bpf.o.ts";

/** The object's programs; not every kernel can load all of them. */
const PROGRAMS = [
  ...["on_function", "on_functions", "on_user_functions", "on_tracepoint"],
  ...["on_raw_tracepoint", "on_call", "on_call_return"],
];

/**
 * Loads one program.
 *
 * @param counts the number of counters, one for each cookie
 * @param pid the only process to count; 0: all processes
 */
export const loadFunccount = (only: string, counts: number, pid = 0): Bpf =>
  Bpf.load(object, {
    name: "funccount",
    globals: { own_pid: 0, target_pid: pid },
    maps: { counts: { maxEntries: counts } },
    programs: Object.fromEntries(PROGRAMS.map((name) => [name, name === only])),
  });
