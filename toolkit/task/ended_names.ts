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

/** As many names are kept; of more the oldest are forgotten. */
const NAMES = 30000;

/** What a tool loads with where it names the ended. */
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

  /** @param most as many names of the ended stay in the kernel's map */
  constructor(bpf: Pick<Bpf, "map">, { most = NAMES } = {}) {
    this.#ended = bpf.map("ended_names", u32, EndedName);
    this.#most = most;
  }

  /** The name of a process or thread, as it is now or was at its end; undefined where it is not known. */
  of(id: number): string | undefined {
    const name = nameOf(id) ?? this.#ended.get(id)?.comm;
    if (name === undefined) this.#unnamed.add(id);
    return name;
  }

  /** How many of those asked for may have none because so many others ended after them. */
  get forgotten(): number {
    // The oldest ones went if there was no room left.
    const isFull = this.#unnamed.size > 0 && [...this.#ended.keys()].length >= this.#most;
    return isFull ? this.#unnamed.size : 0;
  }
}
