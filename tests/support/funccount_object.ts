/**
 * funccount's kernel object, loaded by tests with one of its programs, which count by cookie.
 *
 * @module
 */

import { Bpf } from "../../mod.ts";
import object from "../../tools/funccount/funccount.bpf.o.ts";

/** All of them: not every kernel loads each. */
const PROGRAMS = [
  ...["on_function", "on_functions", "on_user_functions", "on_tracepoint"],
  ...["on_raw_tracepoint", "on_call", "on_call_return"],
];

/** Loads one program, which counts for all processes or for one. @param counts how many cookies there are */
export const loadFunccount = (only: string, counts: number, pid = 0): Bpf =>
  Bpf.load(object, {
    name: "funccount",
    globals: { own_pid: 0, target_pid: pid },
    maps: { counts: { maxEntries: counts } },
    programs: Object.fromEntries(PROGRAMS.map((name) => [name, name === only])),
  });
