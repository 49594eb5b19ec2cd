/**
 * Calls in flight (CALLS of maps.h in TypeScript).
 *
 * @module
 */

import { hash, type MapDefinition } from "../../../kernel.ts";
import { type Codec, u32 } from "../../../mod.ts";
import { IN_FLIGHT } from "../../run/losses.ts";

/** A map of calls by thread: what is kept from their entry to their exit. What finds no room is told. */
export function callsInFlight<C>(call: Codec<C>): MapDefinition<"entries", number, C> {
  return hash(u32, call, { dropped: IN_FLIGHT });
}
