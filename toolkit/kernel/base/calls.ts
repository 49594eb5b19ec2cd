/**
 * Calls in flight (CALLS of maps.h in TypeScript).
 *
 * @module
 */

import { hash, type MapDefinition } from "../../../kernel.ts";
import { type Codec, u32 } from "../../../mod.ts";
import { IN_FLIGHT } from "../../run/losses.ts";

/** A map of calls in flight by thread, from entry to exit. Calls without room are counted. */
export function callsInFlight<C>(call: Codec<C>): MapDefinition<"entries", number, C> {
  return hash(u32, call, { dropped: IN_FLIGHT });
}
