/**
 * Names of processes and threads, also of those that have ended while the kernel side kept their
 * names (ended_names.h).
 *
 * @module
 */

import { type Bpf, chars, type LoadOptions, struct, u32 } from "../../mod.ts";
import type { Machine } from "../machine/machine.ts";
import { nameOf } from "./proc.ts";

const EndedName = struct("ended_name", { comm: chars(16) });

/** The limit of names kept; beyond it the oldest are forgotten. */
const NAMES = 30000;

/** Load options for tools that name ended processes. */
export const endedNames = (machine: Machine): Pick<Required<LoadOptions>, "maps"> => ({
  maps: { ended_names: { maxEntries: machine.lruEntries(NAMES) } },
});

/** Why names are forgotten. */
export const FORGOTTEN_NAMES = `only those of the ${NAMES} threads that ended last are kept`;

/** Names for one report. */
export class TaskNames {
  readonly #ended;
  readonly #most: number;
  readonly #unnamed = new Set<number>();

  /** @param most how many names of ended tasks the kernel's map keeps */
  constructor(bpf: Pick<Bpf, "map">, { most = NAMES } = {}) {
    this.#ended = bpf.map("ended_names", u32, EndedName);
    this.#most = most;
  }

  /** The name of a process or thread, current or as of its end; undefined when unknown. */
  of(id: number): string | undefined {
    const name = nameOf(id) ?? this.#ended.get(id)?.comm;
    if (name === undefined) this.#unnamed.add(id);
    return name;
  }

  /** How many of those asked for may be unnamed because too many others ended after them. */
  get forgotten(): number {
    // The oldest were dropped if the map is full.
    const isFull = this.#unnamed.size > 0 && [...this.#ended.keys()].length >= this.#most;
    return isFull ? this.#unnamed.size : 0;
  }
}
