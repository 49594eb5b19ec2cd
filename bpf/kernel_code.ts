/**
 * What {@linkcode Bpf.load} needs to know about kernel code that is not a compiled object.
 *
 * @module
 */

import type { Codec } from "../ffi/codec/codec.ts";
import type { EventStream } from "./events/event_stream.ts";
import type { Global } from "./global.ts";
import type { BpfMap } from "./maps/map.ts";
import type { LoadedObject, LoadOptions } from "./object/load_object.ts";
import type { LoadedProgram } from "./loaded_program.ts";

/** Programs and maps loaded into the kernel, whoever made them. */
export interface LoadedCode {
  readonly object: Omit<LoadedObject, "programs">;
  readonly programs: readonly LoadedProgram[];
}

/** Code that loads itself: `kernel({ … })` of kernel.ts. */
export interface KernelCode<Maps, Globals> {
  /** Carries the type parameter; it has no value. */
  readonly maps: Maps;
  /** Carries the type parameter; it has no value. */
  readonly globals: Globals;
  /**
   * Compiles and loads; leaves nothing behind when it throws. Called by `Bpf.load()`; no part of
   * the API.
   *
   * @ignore
   */
  load(options: LoadOptions): LoadedCode;
}

/** The names of the maps with keys and values. */
export type EntryNames<M> = {
  [N in keyof M]: M[N] extends { readonly role: "entries" | "histogram" } ? N : never;
}[keyof M];

/** The names of the event buffers. */
export type EventNames<M> = {
  [N in keyof M]: M[N] extends { readonly role: "events" } ? N : never;
}[keyof M];

/** The type of a map's keys. */
export type KeyOf<D> = D extends { readonly key: Codec<infer K> | undefined } ? K : never;
/** The type of a map's values, or of a buffer's events. */
export type ValueOf<D> = D extends { readonly value: Codec<infer V> | undefined } ? V : never;

/** The maps, events and globals of kernel code, with their types. */
export interface TypedAccess<M, G> {
  /** A map of the definition. */
  map<N extends EntryNames<M> & string>(name: N): BpfMap<KeyOf<M[N]>, ValueOf<M[N]>>;
  /** A per-CPU map of the definition. */
  perCpuMap<N extends EntryNames<M> & string>(name: N): BpfMap<KeyOf<M[N]>, ValueOf<M[N]>[]>;
  /** The events of a buffer of the definition. */
  events<N extends EventNames<M> & string>(name: N): EventStream<ValueOf<M[N]>>;
  /** A global variable of the definition. */
  global<N extends keyof G & string>(name: N): Global<G[N] extends Codec<infer T> ? T : never>;
}
