/**
 * Calls of methods in language runtimes, as calls.bpf.c follows them.
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

/** The places that are needed; `follow`: returns too. */
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
  /** Returns too. */
  readonly follow: boolean;
  /** List the places. */
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
  // The return first: a call that began unseen is ignored, but one that ends unseen would stay.
  const atReturn = follow && native.length > 0
    ? [bpf.program("at_return").attachUprobe({ ...where, functions: native, atReturn: true })]
    : [];
  return [...atReturn, attachPlaces(bpf, "at_call", places, where)];
}

/** `class.method`; of a runtime that tells no class the method alone. */
export const methodText = (method: { readonly class: string; readonly name: string }): string =>
  method.class === "" ? method.name : `${method.class}.${method.name}`;
