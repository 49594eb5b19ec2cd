/**
 * Tracepoints of a pattern that can be counted without a perf event each: the kernel takes a tenth of a second to
 * release one, which for all system calls is a minute.
 *
 * @module
 */

import { type Bpf, BpfError, type Link, syscallNumber, u32 } from "../../mod.ts";
import { newLink } from "../../plumbing.ts";
import type { Machine } from "../machine/machine.ts";
import { requireFew, type TargetHooks } from "./pattern_hooks.ts";

/**
 * Up to this many tracepoints are attached as perf events: these slow down only their own system
 * calls, and so few are released quickly.
 */
const FEW = 4;
/** CALLS_MAX of funccount.bpf.c: keys of exits are the system call's number plus this. */
const RETURNS = 1024;
/**
 * System calls by the name in their tracepoints, where that differs: tracefs names these events
 * after the kernel function.
 */
const ALIASES: Readonly<Record<string, string>> = {
  newfstat: "fstat",
  newlstat: "lstat",
  newstat: "stat",
  newuname: "uname",
  sendfile64: "sendfile",
  umount: "umount2",
};

/** How the tracepoints of a pattern are attached. */
export interface TracepointWays {
  /** System calls: the index of the match by the key in `call_matches`. */
  readonly calls: ReadonlyMap<number, number>;
  /** Raw tracepoints: the index of the match by name. */
  readonly raw: ReadonlyMap<string, number>;
}

const NONE: TracepointWays = { calls: new Map(), raw: new Map() };

/** The key in `call_matches` of a system call's tracepoint; undefined where it is none, or not known. */
function callKey(tracepoint: string): number | undefined {
  const [, way, name] = /^syscalls\/sys_(enter|exit)_(\w+)$/.exec(tracepoint) ?? [];
  if (name === undefined) return undefined;
  const number = syscallNumber(ALIASES[name] ?? name);
  return number === undefined || way === "enter" ? number : RETURNS + number;
}

/** Chooses how tracepoints are attached. Those that are in neither map become perf events. */
export function tracepointWays({ target, places }: TargetHooks, machine: Machine): TracepointWays {
  if (target.kind !== "tracepoint" || places.length <= FEW) return NONE;
  const calls = new Map<number, number>();
  const raw = new Map<string, number>();
  const canTellApart = machine.hasRawCookies().answer === "yes";
  for (const [i, place] of (places as readonly string[]).entries()) {
    const key = callKey(place);
    if (key !== undefined) calls.set(key, i);
    else if (canTellApart && !place.startsWith("syscalls/")) raw.set(place, i);
  }
  return { calls: calls.size > FEW ? calls : NONE.calls, raw };
}

/** The programs to load for that, by the stem of {@linkcode programsFor}. */
export const rawPrograms = (stem: string, { calls, raw }: TracepointWays) => {
  const keys = [...calls.keys()];
  return {
    [`${stem}_raw_tracepoint`]: raw.size > 0,
    [`${stem}_call`]: keys.some((key) => key < RETURNS),
    [`${stem}_call_return`]: keys.some((key) => key >= RETURNS),
  };
};

/**
 * Attaches tracepoints as chosen, and the others by perf events; the link lists what could be
 * attached.
 */
export function attachTracepointWays(
  bpf: Bpf,
  stem: string,
  hooks: TargetHooks,
  ways: TracepointWays,
): Link {
  const taken = attachRaw(bpf, stem, ways);
  const all = hooks.places as readonly string[];
  const rest = [...all.keys()].filter((place) => !taken.has(place));
  requireFew(hooks, rest.length);
  const targets = [...taken].map((place) => all[place]!);
  if (rest.length > 0) {
    const program = bpf.program(`${stem}_tracepoint`);
    const link = program.attachTracepoint(rest.map((place) => all[place]!), { cookies: rest });
    targets.push(...link.targets);
  }
  // Each link is the program's, which releases it.
  return newLink("tracepoints", () => {}, undefined, targets);
}

/** Attaches raw tracepoints; returns the indices of the matches that are attached. */
function attachRaw(bpf: Bpf, stem: string, { calls, raw }: TracepointWays): Set<number> {
  const taken = new Set<number>();
  const matches = bpf.map("call_matches", u32, u32);
  for (const [key, place] of calls) {
    matches.set(key, place + 1);
    taken.add(place);
  }
  for (const name of ["call", "call_return"]) bpf.programs.get(`${stem}_${name}`)?.attach();
  for (const [place, index] of raw) {
    const name = place.slice(place.indexOf("/") + 1);
    try {
      bpf.program(`${stem}_raw_tracepoint`).attachRawTracepoint(name, { cookie: BigInt(index) });
      taken.add(index);
    } catch (error) {
      // Events that were defined through tracefs, such as kprobes, have no raw tracepoint.
      if (!(error instanceof BpfError) || error.code !== "ENOENT") throw error;
    }
  }
  return taken;
}
