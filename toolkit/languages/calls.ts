/**
 * Method calls in language runtimes, traced by calls.bpf.c.
 *
 * @module
 */

import type { Bpf, Link } from "../../mod.ts";
import { attachProbePoints, type ProbePointQuery } from "../probes/probe_points.ts";
import { tellProbePoints } from "./language_options.ts";
import { CALL, type Language } from "./languages.ts";
import { requireRuntime } from "./runtime.ts";
import object from "./calls.bpf.o.ts";

/** The compiled kernel side. */
export const callsObject: Uint8Array = object;

/** The queries of probe points; `follow`: returns too. */
function wantedPoints({ calls }: Language, follow: boolean): readonly ProbePointQuery[] {
  const { points, countAtLeave } = calls!;
  const counted: readonly number[] = countAtLeave
    ? [CALL.leave]
    : [CALL.enter, CALL.enterPerl, CALL.enterFrame];
  return follow ? points : points.filter(({ kind }) => counted.includes(kind));
}

/** How calls are traced. */
export interface CallsOptions {
  /** The tool's name. */
  readonly tool: string;
  readonly pid: number;
  /** Whether to trace returns too. */
  readonly follow: boolean;
  /** Print the probe points. */
  readonly verbose: boolean;
}

/** Attaches to the runtime of a process. @throws {Error} when it has no probe point for that */
export function attachCalls(bpf: Bpf, language: Language, options: CallsOptions): Link[] {
  const { tool, pid, follow, verbose } = options;
  const runtime = requireRuntime(pid, language, wantedPoints(language, follow));
  if (verbose) tellProbePoints(tool, runtime);
  const { path, points } = runtime;
  const where = { path, pid };
  const native = points.filter(({ kind }) => kind === CALL.enterPerl);
  // The return probe first: a return without an entry is ignored, but an entry without a return
  // would stay in the map.
  const atReturn = follow && native.length > 0
    ? [bpf.program("at_return").attachUprobe({ ...where, functions: native, atReturn: true })]
    : [];
  return [...atReturn, attachProbePoints(bpf, "at_call", points, where)];
}

/** `class.method`; in a runtime without classes the method alone. */
export const methodText = (method: { readonly class: string; readonly name: string }): string =>
  method.class === "" ? method.name : `${method.class}.${method.name}`;
