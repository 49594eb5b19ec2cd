/**
 * The functions that funcslower traces: of the kernel and of any number of files.
 *
 * @module
 */

import type { Bpf, Link } from "../../mod.ts";
import type { Machine } from "../../toolkit/machine/machine.ts";
import { UsageError } from "../../toolkit/options/options.ts";
import { parseTarget } from "../../toolkit/probes/patterns.ts";
import {
  attachHooks,
  findHooks,
  programsFor,
  reportSkipped,
  type TargetHooks,
} from "../../toolkit/probes/pattern_hooks.ts";

/** Returns are attached before entries: otherwise a call in flight could stay in the map. */
const STEMS = ["leave", "enter"];

/** The functions, indexed by attach cookie. */
export class Functions {
  /** Names as shown: `vfs_read`, `c:open`. */
  readonly names: readonly string[];
  /** One list for the kernel, whose cookies start with 0, and one for each file. */
  readonly #lists: readonly TargetHooks[];

  /** Resolves names. @throws {UsageError} @throws {Error} when one does not exist */
  constructor(words: readonly string[], machine: Machine, pid: number | undefined) {
    const found = words.map((word) => {
      const target = parseTarget(word);
      if (target.atReturn || !/^(kernel|user)$/.test(target.kind)) {
        throw new UsageError(
          `invalid function ${JSON.stringify(word)}: only functions can be timed: expected ` +
            "FUNCTION or FILE:FUNCTION",
        );
      }
      return findHooks(target, machine, pid);
    });
    const lists: TargetHooks[] = merged(found.filter(({ path }) => path === undefined));
    let firstCookie = lists[0]?.places.length ?? 0;
    for (const hooks of found.filter(({ path }) => path !== undefined)) {
      lists.push({ ...hooks, firstCookie });
      firstCookie += hooks.places.length;
    }
    this.#lists = lists;
    this.names = lists.flatMap(({ target, names }) =>
      names.map((name) => target.file ? `${target.file}:${name}` : name)
    );
  }

  /** The programs to load. */
  get programs(): Record<string, boolean> {
    const all: Record<string, boolean> = {};
    for (const hooks of this.#lists) {
      const needed = Object.entries(programsFor(hooks, STEMS, { onTracepoints: false }));
      for (const [name, isNeeded] of needed) all[name] ||= isNeeded;
    }
    return all;
  }

  /** Attaches the programs; functions that cannot be probed are reported on standard error. */
  attach(bpf: Bpf): Link[] {
    return this.#lists.flatMap((hooks) => {
      const links = STEMS.map((stem, i) => attachHooks(bpf, stem, hooks, i === 0));
      reportSkipped("funcslower", hooks, links[0]!);
      return links;
    });
  }
}

/** Merges the kernel's functions into one list. */
function merged(all: readonly TargetHooks[]): TargetHooks[] {
  const [first] = all;
  if (!first) return [];
  const names = [...new Set(all.flatMap(({ names }) => names))];
  return [{ ...first, names, places: names }];
}
