/**
 * Calls of methods in language runtimes, as calls.bpf.c follows them.
 *
 * @module
 */

import type { Bpf, Link } from "../../mod.ts";
import { attachPlaces, placesMap } from "../probes/user_places.ts";
import { filterSettings } from "../options/standard_options.ts";
import { CALL, type Language } from "./languages.ts";
import { requireRuntime, type Runtime } from "./runtime.ts";
import object from "./calls.bpf.o.ts";

/** The compiled kernel side. */
export const callsObject: Uint8Array = object;

/** The runtime, and only the places that are needed. `follow`: returns too. */
export function callsRuntime(pid: number, language: Language, follow: boolean): Runtime {
  const { places, countAtLeave } = language.calls!;
  const counted: readonly number[] = countAtLeave
    ? [CALL.leave]
    : [CALL.enter, CALL.enterPerl, CALL.enterFrame];
  return requireRuntime(
    pid,
    language,
    follow ? places : places.filter(({ kind }) => counted.includes(kind)),
  );
}

/** What to load; without a runtime system calls only. */
export function loadCalls(
  values: Parameters<typeof filterSettings>[0],
  runtime: Runtime | undefined,
  globals: Readonly<Record<string, unknown>>,
  programs: Readonly<Record<string, boolean>> = {},
) {
  const load = filterSettings(values, globals);
  return {
    ...load,
    maps: { ...load.maps, ...placesMap(runtime?.places ?? []) },
    programs: { enter_syscall: false, exit_syscall: false, ...programs },
  };
}

/** Attaches to the runtime. */
export function attachCalls(bpf: Bpf, pid: number, runtime: Runtime, follow: boolean): Link[] {
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
