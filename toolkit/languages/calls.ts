/**
 * Method calls in language runtimes, traced by calls.bpf.c.
 *
 * @module
 */

import type { Bpf, Link } from "../../mod.ts";
import { attachPlaces, type PlaceQuery } from "../probes/user_places.ts";
import { tellPlaces } from "./language_options.ts";
import { CALL, type Language } from "./languages.ts";
import { requireRuntime } from "./runtime.ts";
import object from "./calls.bpf.o.ts";

/** The compiled kernel side. */
export const callsObject: Uint8Array = object;

/** The places to probe; `follow`: returns too. */
function wantedPlaces({ calls }: Language, follow: boolean): readonly PlaceQuery[] {
  const { places, countAtLeave } = calls!;
  const counted: readonly number[] = countAtLeave
    ? [CALL.leave]
    : [CALL.enter, CALL.enterPerl, CALL.enterFrame];
  return follow ? places : places.filter(({ kind }) => counted.includes(kind));
}

/** How calls are traced. */
export interface CallsOptions {
  /** The tool's name. */
  readonly tool: string;
  readonly pid: number;
  /** Whether to trace returns too. */
  readonly follow: boolean;
  /** Print the places that are probed. */
  readonly verbose: boolean;
}

/** Attaches to the runtime of a process. @throws {Error} when it has no place for that */
export function attachCalls(bpf: Bpf, language: Language, options: CallsOptions): Link[] {
  const { tool, pid, follow, verbose } = options;
  const runtime = requireRuntime(pid, language, wantedPlaces(language, follow));
  if (verbose) tellPlaces(tool, runtime);
  const { path, places } = runtime;
  const where = { path, pid };
  const native = places.filter(({ kind }) => kind === CALL.enterPerl);
  // The return probe first: a return without an entry is ignored, but an entry without a return
  // would stay in the map.
  const atReturn = follow && native.length > 0
    ? [bpf.program("at_return").attachUprobe({ ...where, functions: native, atReturn: true })]
    : [];
  return [...atReturn, attachPlaces(bpf, "at_call", places, where)];
}

/** `class.method`; in a runtime without classes the method alone. */
export const methodText = (method: { readonly class: string; readonly name: string }): string =>
  method.class === "" ? method.name : `${method.class}.${method.name}`;
